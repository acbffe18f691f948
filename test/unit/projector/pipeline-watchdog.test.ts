/**
 * A task that fails again and again is restarted again and again, with pauses that grow up to their
 * limit; what was well for long starts anew. Connect is played here: a real one fails when it
 * likes.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { silentLogger } from '#platform/logger.ts';
import { WATCHDOG } from '../../../projector-svc/pipeline-bounds.ts';
import { createWatchdog } from '../../../projector-svc/pipeline-watchdog.ts';
import { FAILED, RUNNING, lookAt, slot, type Seen } from './pipeline-looks.ts';

const LOOK_EVERY_MS = 2000;
const LONG_MS = 1_200_000;

let server: Server;
let connectUrl = '';
let requests: string[] = [];
beforeAll(async () => {
  server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    response.writeHead(202).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = portOf(server);
  connectUrl = `http://127.0.0.1:${port}`;
});
afterAll(() => server.close());
beforeEach(() => void (requests = []));

function portOf(of: Server): AddressInfo {
  const address = of.address();
  if (address === null || typeof address === 'string') throw new Error('it does not listen');
  return address;
}

function newWatchdog(holdsLock = true) {
  return createWatchdog({
    eventStore: new pg.Pool(), // never connects: nothing asks it
    locks: {
      tryLock: () => Promise.resolve(holdsLock),
      unlock: () => Promise.resolve(),
      close: () => Promise.resolve(),
    },
    connectUrl,
    connectorFile: undefined,
    log: silentLogger,
    stopping: new AbortController().signal,
  });
}

/** The same look again and again; answers at which times the connector was restarted. */
async function restartTimes(
  watchdog: ReturnType<typeof newWatchdog>,
  seen: Seen,
  range: { fromMs: number; toMs: number },
): Promise<number[]> {
  const times: number[] = [];
  for (let nowMs = range.fromMs; nowMs < range.toMs; nowMs += LOOK_EVERY_MS) {
    const before = requests.length;
    await watchdog.mend(lookAt(nowMs, seen));
    if (requests.length > before) times.push(nowMs);
  }
  return times;
}

const failing: Seen = { connector: FAILED, slot: slot('0/1') };

test('a task that goes on failing is restarted with growing pauses, for ever', async () => {
  const times = await restartTimes(newWatchdog(), failing, { fromMs: 0, toMs: LONG_MS });
  expect(requests[0]).toBe(
    'POST /connectors/bank-outbox/restart?includeTasks=true&onlyFailed=false',
  );
  const pauses = times.slice(1).map((time, n) => time - (times[n] ?? 0));
  expect(times[0]).toBe(0);
  expect(pauses[0]).toBeLessThanOrEqual(WATCHDOG.restartFirstMs);
  for (const pause of pauses) {
    expect(pause).toBeLessThanOrEqual(WATCHDOG.restartMaxMs + LOOK_EVERY_MS);
  }
  // Half of a pause is random.
  for (const pause of pauses.slice(5)) expect(pause).toBeGreaterThan(WATCHDOG.restartMaxMs / 3);
});

test('what was well for long is restarted at once when it fails again', async () => {
  const watchdog = newWatchdog();
  await restartTimes(watchdog, failing, { fromMs: 0, toMs: LONG_MS });
  const healthyMs = LONG_MS + 2 * WATCHDOG.healthyMs;
  for (let nowMs = LONG_MS; nowMs < healthyMs; nowMs += LOOK_EVERY_MS) {
    await watchdog.mend(lookAt(nowMs, { connector: RUNNING, slot: slot(`0/${nowMs}`) }));
  }
  const range = { fromMs: healthyMs, toMs: healthyMs + 4 * WATCHDOG.restartFirstMs };
  const [first, second] = await restartTimes(watchdog, failing, range);
  expect(first).toBe(healthyMs);
  expect(second).toBeLessThanOrEqual(healthyMs + WATCHDOG.restartFirstMs);
});

test('a replica without the lock does nothing', async () => {
  const range = { fromMs: 0, toMs: 100_000 };
  expect(await restartTimes(newWatchdog(false), failing, range)).toEqual([]);
});
