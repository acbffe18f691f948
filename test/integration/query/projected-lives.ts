/**
 * Lives of accounts as the projector writes them: events go through its own decoding, its own COPY
 * and its own transaction, with the times that a test wants. One life has an entry of every type.
 */
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { runPipeline } from '#platform/postgres-pipeline.ts';
import { uuidToBytes } from '#platform/uuid.ts';
import { EventRecord } from '#proto/bank/event/v1/event_batch.ts';
import { AccountState, AccountStatus, EventType, type Event } from '#proto/bank/event/v1/events.ts';
import { batchRows, outlineOf } from '../../../projector-svc/batch-rows.ts';
import { projectRecords } from '../../../projector-svc/sql/project-records.ts';
import { logRecord } from '../../unit/projector/record-fixtures.ts';

export type Body = NonNullable<Event['body']>;
/** One event: what happened, and what has changed by it. */
export type Step = {
  readonly type: EventType;
  readonly body: Body;
  readonly after?: Partial<AccountState>;
  readonly recordedAtMicros?: bigint;
  readonly submissionId?: string;
};
export type LifeEvent = { readonly record: EventRecord; readonly submissionId: string };

/** 2026-06-01T00:00:00Z. */
export const FIRST_MICROS = 1_780_272_000_000_000n;
export const SECOND_MICROS = 1_000_000n;
const PARTITION = 3;
const ANSWER_MS = 10_000;
const NEW: AccountState = AccountState.fromPartial({
  currencyCode: 'EUR',
  status: AccountStatus.ACCOUNT_STATUS_OPEN,
  shape: 1,
});

/** A second apart unless they say when, each on the state that the one before has left. */
export function lifeOf(accountId: string, steps: readonly Step[]): LifeEvent[] {
  let state = NEW;
  return steps.map(({ type, body, after, recordedAtMicros, submissionId = '' }, place) => {
    state = { ...state, ...after };
    const version = BigInt(place + 1);
    const record = EventRecord.fromPartial({
      accountId: uuidToBytes(accountId),
      version,
      type,
      recordedAtMicros: recordedAtMicros ?? FIRST_MICROS + version * SECOND_MICROS,
      itemIndex: submissionId === '' ? 0n : version,
      event: { body, after: state },
    });
    return { record, submissionId };
  });
}

/** Writes the events, in one transaction of the projector. */
export async function project(pool: pg.Pool, events: readonly LifeEvent[]): Promise<void> {
  const submissionIds = [...new Set(events.map((one) => one.submissionId))].filter(
    (id) => id !== '',
  );
  const records = events.map(({ record, submissionId }) => {
    return { ...record, submissionNumber: submissionIds.indexOf(submissionId) + 1 };
  });
  const submissions = submissionIds.map((submissionId) => {
    return { tenant: '', submissionId, accepted: 0, acceptedIndexes: new Uint8Array(0) };
  });
  const client = await pool.connect();
  try {
    const sql = 'select seq from projected_heads where partition = $1';
    const seq = (await client.query<{ seq: bigint }>(sql, [PARTITION])).rows[0]?.seq ?? 0n;
    const batchId = randomUUID();
    const batch = { partition: PARTITION, seq: seq + 1n, batchId, events: records, submissions };
    const { rows } = batchRows([outlineOf(logRecord(batch))], { seq, retryNo: 0n }, Date.now());
    await runPipeline(client, projectRecords([rows]), ANSWER_MS);
  } finally {
    client.release();
  }
}

/** As an older copy of the store has it: nothing behind the version. */
export async function rewind(pool: pg.Pool, accountId: string, version: number): Promise<void> {
  const values = [accountId, version];
  await pool.query('delete from entries where account_id = $1 and version > $2', values);
  await pool.query('update balances set version = $2 where account_id = $1', values);
}

const plain = (value: string) => ({ form: { $case: 'plain' as const, value } });
const hold = new Uint8Array(16).fill(7);
/** An id is not used again in its account. */
const laterHold = new Uint8Array(16).fill(8);
const other = new Uint8Array(16).fill(9);

type Opening = { owner?: string; currencyCode?: string; labels?: Record<string, string> };

export function opened({ owner = 'Ada', currencyCode = 'EUR', labels = {} }: Opening = {}): Step {
  const value = { tenant: '', currencyCode, overdraftLimitMinor: 0n, labels, owner: plain(owner) };
  const type = EventType.EVENT_TYPE_ACCOUNT_OPENED;
  return { type, body: { $case: 'accountOpened', value }, after: { currencyCode } };
}

export function deposited(amountMinor: bigint, balanceMinor: bigint, valueDate = ''): Step {
  const value = { amountMinor, reference: plain(`ref ${amountMinor}`), valueDate };
  const type = EventType.EVENT_TYPE_MONEY_DEPOSITED;
  return { type, body: { $case: 'moneyDeposited', value }, after: { balanceMinor } };
}

export function withdrawn(amountMinor: bigint, balanceMinor: bigint, valueDate = ''): Step {
  const value = { amountMinor, reference: plain('out'), valueDate };
  const type = EventType.EVENT_TYPE_MONEY_WITHDRAWN;
  return { type, body: { $case: 'moneyWithdrawn', value }, after: { balanceMinor } };
}

export function closed(): Step {
  const none = { counterpartAccountId: new Uint8Array(0), counterpartVersion: 0n };
  const value = { reason: plain('done'), ...none };
  const after = { status: AccountStatus.ACCOUNT_STATUS_CLOSED };
  return {
    type: EventType.EVENT_TYPE_ACCOUNT_CLOSED,
    body: { $case: 'accountClosed', value },
    after,
  };
}

const leg = { counterpartAccountId: other, counterpartVersion: 4n, reference: plain('leg') };
const reference = plain('hold');
const placed = (amountMinor: bigint, holdId = hold): Body => {
  const value = { holdId, amountMinor, expiresAtMicros: 0n, reference };
  return { $case: 'holdPlaced', value };
};
const step = (type: EventType, body: Body, after: Partial<AccountState>): Step => {
  return { type, body, after };
};
const t = EventType;
const sent = { ...leg, amountMinor: 100n, valueDate: '' };
const received = { ...leg, amountMinor: 50n, valueDate: '2026-06-09', operationId: other };
const left = { remainingMinor: 200n, releasedMinor: 0n, expiresAtMicros: 0n };
const captured = { holdId: hold, amountMinor: 100n, ...left, reference };
const reversed = {
  reversedVersion: 3n,
  balanceChangeMinor: 200n,
  reason: plain('wrong'),
  counterpartAccountId: new Uint8Array(0),
  counterpartVersion: 0n,
};
const frozen = { debits: true, credits: false, reason: plain('court') };
const ended = (amountMinor: bigint, holdId = hold) => ({ holdId, amountMinor });

/** Every type at least once, with every part of the state changed and changed back. */
const EVERY_KIND: readonly Step[] = [
  opened({ labels: { team: 'a' } }),
  { ...deposited(1_000n, 1_000n, '2026-05-30'), submissionId: 'payroll-1' },
  withdrawn(200n, 800n),
  step(t.EVENT_TYPE_TRANSFER_SENT, { $case: 'transferSent', value: sent }, { balanceMinor: 700n }),
  step(
    t.EVENT_TYPE_TRANSFER_RECEIVED,
    { $case: 'transferReceived', value: received },
    { balanceMinor: 750n },
  ),
  step(t.EVENT_TYPE_HOLD_PLACED, placed(300n), { heldMinor: 300n }),
  step(
    t.EVENT_TYPE_HOLD_CAPTURED,
    { $case: 'holdCaptured', value: captured },
    { balanceMinor: 650n, heldMinor: 200n },
  ),
  step(
    t.EVENT_TYPE_HOLD_RELEASED,
    { $case: 'holdReleased', value: ended(200n) },
    { heldMinor: 0n },
  ),
  step(
    t.EVENT_TYPE_OVERDRAFT_LIMIT_SET,
    { $case: 'overdraftLimitSet', value: { overdraftLimitMinor: 500n } },
    { overdraftLimitMinor: 500n },
  ),
  step(t.EVENT_TYPE_HOLD_PLACED, placed(20n, laterHold), { heldMinor: 20n }),
  step(
    t.EVENT_TYPE_HOLD_EXPIRED,
    { $case: 'holdExpired', value: ended(20n, laterHold) },
    { heldMinor: 0n },
  ),
  step(
    t.EVENT_TYPE_ACCOUNT_FROZEN,
    { $case: 'accountFrozen', value: frozen },
    { debitsFrozen: true },
  ),
  { ...deposited(5n, 655n, '2026-06-10'), submissionId: 'payroll-2' },
  step(
    t.EVENT_TYPE_ACCOUNT_UNFROZEN,
    { $case: 'accountUnfrozen', value: { reason: plain('free') } },
    { debitsFrozen: false },
  ),
  step(
    t.EVENT_TYPE_OPERATION_REVERSED,
    { $case: 'operationReversed', value: reversed },
    { balanceMinor: 855n },
  ),
  withdrawn(855n, 0n),
  closed(),
];

export function everyKind(): Step[] {
  return [...EVERY_KIND];
}
