/**
 * A receipt that is told again says what it said the first time, whichever replica is asked and
 * from wherever it is rebuilt, though their clocks differ.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { appendFast } from '../../../command-svc/append-fast.ts';
import { appendUnderHeads } from '../../../command-svc/append-under-heads.ts';
import {
  batchOf,
  depositCommand,
  laneOf,
  openCommand,
  settled,
} from '#test/support/batch-bench.ts';
import { openTwoReplicas, processed, type TwoReplicas } from '#test/support/two-replicas.ts';

const BEHIND_MICROS = 60_000_000n;

let replicas: TwoReplicas;

beforeAll(async () => {
  replicas = await openTwoReplicas();
});

afterAll(() => replicas.close());

it('a command stored by a replica whose clock is behind', async () => {
  const { a, b } = replicas;
  const accountId = randomUUID();
  await processed(b, [settled(openCommand(accountId))]);
  const command = depositCommand(accountId, 5n, { operationId: randomUUID() });
  const made = batchOf(a, [settled(command)]);
  const batch = { ...made, nowMicros: made.nowMicros - BEHIND_MICROS };
  const stored = await appendFast(a.context, batch);
  if (stored === 'slow') throw new Error('the fast path did not stand');
  const [first] = stored.decisions;
  if (first?.kind !== 'accepted') throw new Error('it was not accepted');
  const told = { after: { version: 2n }, storedAtMicros: first.storedAtMicros };
  expect(await processed(b, [settled(command)])).toMatchObject([{ kind: 'replayed', ...told }]);
  const since = (laneOf(a, accountId).known ?? 0n) - 1n;
  const lost = { ...batch, unanswered: { since, backend: undefined } };
  const { decisions } = await appendUnderHeads(a.context, lost);
  expect(decisions).toMatchObject([{ kind: 'accepted', ...told }]);
});
