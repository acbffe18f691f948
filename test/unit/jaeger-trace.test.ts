/** A trace as Jaeger answers it becomes a tree in the order of time. */
import { createServer } from 'node:http';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { readTree } from '#deploy/telemetry/jaeger-trace.ts';
import { portOf } from '#test/support/port-of.ts';

const span = (spanID: string, parent: string | undefined, startTime: number, duration: number) => ({
  spanID,
  operationName: `span ${spanID}`,
  startTime,
  duration,
  processID: 'p1',
  references: [
    { refType: 'FOLLOWS_FROM', spanID: 'elsewhere' },
    ...(parent === undefined ? [] : [{ refType: 'CHILD_OF', spanID: parent }]),
  ],
});

async function jaeger(answer: unknown): Promise<string> {
  const server = createServer((_request, response) => response.end(JSON.stringify(answer)));
  onTestFinished(() => void server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${portOf(server)}`;
}

test('children follow their parent by their beginning, in milliseconds of the trace', async () => {
  const spans = [
    span('late', 'root', 5_000, 1_500),
    span('leaf', 'early', 3_500, 10),
    span('early', 'root', 3_000, 900),
    span('root', 'of another process', 2_000, 9_000),
  ];
  const processes = { p1: { serviceName: 'command-svc' } };
  const base = await jaeger({ data: [{ traceID: 't', spans, processes }] });
  const service = 'command-svc';
  expect(await readTree(base, 't')).toEqual([
    { name: 'span root', service, depth: 0, startMs: 0, tookMs: 9 },
    { name: 'span early', service, depth: 1, startMs: 1, tookMs: 0.9 },
    { name: 'span leaf', service, depth: 2, startMs: 1.5, tookMs: 0.01 },
    { name: 'span late', service, depth: 1, startMs: 3, tookMs: 1.5 },
  ]);
});

test('a trace that is not there is said so', async () => {
  await expect(readTree(await jaeger({ data: [] }), 't')).rejects.toThrow('has no such trace');
});
