/** What npm start says of the replicas that it has started. */
import { expect, test } from 'vitest';
import { howToCall } from '#deploy/local/how-to-call.ts';

const at = (...ports: number[]): string[] => ports.map((port) => `127.0.0.1:${port}`);

test('names every replica to the tools, and says whose each page of metrics is', () => {
  const text = howToCall(
    {
      addresses: { command: at(50_051, 29_592), query: at(50_052), projector: at(50_053) },
      metrics: { command: at(50_061, 29_593), query: at(50_062), projector: at(50_063) },
      stack: {
        ground: undefined,
        eventStoreUrl: 'postgres://event-store',
        projectionStoreUrl: 'postgres://projections',
        kafkaBrokers: at(9092),
        connectUrl: 'http://127.0.0.1:8083',
        folder: { logs: '/logs' },
      },
    },
    8080,
  );
  expect(text).toContain(
    'npm run ops -- status --command 127.0.0.1:50051,127.0.0.1:29592 ' +
      '--query 127.0.0.1:50052 --projector 127.0.0.1:50053\n',
  );
  expect(text.replace(/ +/g, ' ')).toContain(
    [
      ' metrics command-svc on 127.0.0.1:50051 http://127.0.0.1:50061/metrics',
      'command-svc on 127.0.0.1:29592 http://127.0.0.1:29593/metrics',
      'query-svc on 127.0.0.1:50052 http://127.0.0.1:50062/metrics',
      'projector-svc on 127.0.0.1:50053 http://127.0.0.1:50063/metrics',
    ].join('\n '),
  );
});
