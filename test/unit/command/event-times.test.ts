/**
 * recorded_at goes by the wall clock of the replica that decides, and that may jump: an account's
 * times never fall all the same, from batch to batch and within one.
 */
import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import type { BaseAccount } from '../../../command-svc/lane-states.ts';
import { decideBatch } from '../../../command-svc/decide-batch.ts';
import { absentAccount, NO_HOLD_FACTS } from '../../../command-svc/loaded-accounts.ts';
import { depositCommand, openCommand, settled } from '#test/support/batch-bench.ts';

const HOUR_MICROS = 3_600_000_000n;
const NOON_MICROS = 1_800_000_000_000_000n;

test('a clock that jumps back does not put an event before the one before it', () => {
  const id = randomUUID();
  let account: BaseAccount = absentAccount(id);
  const times: bigint[] = [];
  const decide = (nowMicros: bigint): void => {
    const commands = account.state.status === 'none' ? [openCommand(id)] : [];
    const items = [...commands, depositCommand(id, 1n)].map((command) => settled(command).item);
    const base = {
      known: 1n,
      knownBatchId: undefined,
      accounts: new Map([[id, account]]),
      operations: new Map(),
    };
    const decided = decideBatch({ ...base, ...NO_HOLD_FACTS }, items, nowMicros);
    times.push(...decided.events.map(({ after }) => after.recordedAtMicros));
    account = decided.newStates.get(id) ?? account;
  };
  decide(NOON_MICROS);
  decide(NOON_MICROS - HOUR_MICROS); // it was set back
  decide(NOON_MICROS + 1n);
  decide(NOON_MICROS + 24n * HOUR_MICROS); // it was ahead for a moment
  decide(NOON_MICROS + 2n);
  const ahead = NOON_MICROS + 24n * HOUR_MICROS;
  const [opened, ...deposits] = times;
  expect(opened).toBe(NOON_MICROS);
  expect(deposits).toEqual([NOON_MICROS, NOON_MICROS, NOON_MICROS + 1n, ahead, ahead]);
});
