/**
 * Accounts that the projection does not show yet: a partition that goes on is waited for, however
 * long it takes, and one that stands still is told.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { silentLogger } from '#platform/logger.ts';
import { sleep } from '#platform/waiting.ts';
import { createBehindCheck } from '../../../projector-svc/reconcile-behind.ts';
import type { StoredEvent } from '../../../projector-svc/sql/read-event-page.ts';
import { openDatabases, type Databases } from '#test/support/databases.ts';

const WAIT_MS = 600;
const STEP_MS = 250;
const HEAD = 5n;

let databases: Databases;
beforeAll(async () => {
  databases = await openDatabases();
  await databases.eventStore.query('update partition_heads set seq = $1', [HEAD]);
});
afterAll(() => databases.close());

function eventOf(accountId: string): StoredEvent {
  const payload = Buffer.alloc(0);
  return {
    account_id: accountId,
    version: 1n,
    type: 1,
    payload,
    operation_id: null,
    recorded_micros: 0n,
  };
}

async function check(): Promise<{ kinds: string[]; waits: number }> {
  const { projectionStore: reading, eventStore } = databases;
  const behind = createBehindCheck(
    { reading, eventStore, texts: { ring: undefined, log: silentLogger } },
    16,
    WAIT_MS,
  );
  let waits = 0;
  const onWait = async (): Promise<void> => void waits++;
  const { findings } = await behind([eventOf(randomUUID())], onWait, AbortSignal.timeout(20_000));
  return { kinds: findings.map(({ kind }) => kind), waits };
}

test('a partition that stands still before it is there is told', async () => {
  const { kinds, waits } = await check();
  expect(kinds).toEqual(['PROJECTION_BEHIND']);
  expect(waits).toBeGreaterThan(1);
});

test('one that moves is waited for, and then judged', async () => {
  const moving = (async () => {
    for (let seq = 1n; seq <= HEAD; seq++) {
      await sleep(STEP_MS);
      await databases.projectionStore.query('update projected_heads set seq = $1', [seq]);
    }
  })();
  // Of an event that nobody can read: that it is not shown is no matter of waiting.
  expect((await check()).kinds).toEqual(['EVENT_UNREADABLE']);
  await moving;
});
