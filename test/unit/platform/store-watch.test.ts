/** A store that takes connections and says nothing, as behind a half-open way, is soon told. */
import { createServer, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { silentLogger } from '#platform/logger.ts';
import { watchStore } from '#platform/store-watch.ts';
import { until } from '#test/support/until.ts';

const PACE = { everyMs: 50, answerMs: 200, unansweredMax: 3 } as const;
/** Five times what it takes; one connection of a pool may take longer than that by itself. */
const SOON_MS = 4_000;

test('a silent store is told after so many questions, and the watch ends soon', async () => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => void sockets.push(socket.on('error', () => undefined)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('it does not listen');
  const told: boolean[] = [];
  const watched = {
    url: `postgres://nobody@127.0.0.1:${address.port}/nothing`,
    applicationName: 'store-watch-test',
    store: 'The store',
    log: silentLogger,
    setServing: (serving: boolean) => void told.push(serving),
  };
  const startedMs = performance.now();
  const watch = watchStore(watched, PACE);
  await until('it is told', () => told.length > 0);
  await watch.stop();
  expect(performance.now() - startedMs).toBeLessThan(SOON_MS);
  expect(told).toEqual([false]);
  expect(sockets.length).toBeGreaterThanOrEqual(PACE.unansweredMax);
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});
