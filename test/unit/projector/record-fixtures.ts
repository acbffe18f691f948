/** Records of the log as the command side writes them, made by the generated code alone. */
import { randomUUID } from 'node:crypto';
import { EventBatch, type EventRecord } from '#proto/bank/event/v1/event_batch.ts';
import { AccountStatus, EventType } from '#proto/bank/event/v1/events.ts';
import { uuidToBytes } from '#platform/uuid.ts';
import { countEvents, type LogRecord } from '../../../projector-svc/record-outline.ts';

export const RECORDED_MICROS = 1_780_000_000_123_456n;

type Place = { submissionNumber: number; itemIndex: bigint; operationId: string };
type Deposit = Partial<Place> & {
  accountId: string;
  version: bigint;
  amount: bigint;
  balance: bigint;
};

const placed = (
  place: Partial<Place>,
): Pick<EventRecord, 'submissionNumber' | 'itemIndex' | 'operationId' | 'commandNumber'> => ({
  submissionNumber: place.submissionNumber ?? 0,
  itemIndex: place.itemIndex ?? 0n,
  operationId: place.operationId === undefined ? new Uint8Array(0) : uuidToBytes(place.operationId),
  commandNumber: 0,
});

const after = (balanceMinor: bigint): NonNullable<NonNullable<EventRecord['event']>['after']> => ({
  balanceMinor,
  heldMinor: 0n,
  overdraftLimitMinor: 0n,
  currencyCode: 'EUR',
  status: AccountStatus.ACCOUNT_STATUS_OPEN,
  debitsFrozen: false,
  creditsFrozen: false,
  shape: 1,
});

export function opened(accountId: string, owner = 'Ada', place: Partial<Place> = {}): EventRecord {
  return {
    accountId: uuidToBytes(accountId),
    version: 1n,
    type: EventType.EVENT_TYPE_ACCOUNT_OPENED,
    recordedAtMicros: RECORDED_MICROS,
    ...placed(place),
    event: {
      body: {
        $case: 'accountOpened',
        value: {
          tenant: '',
          currencyCode: 'EUR',
          owner: { form: { $case: 'plain', value: owner } },
          overdraftLimitMinor: 0n,
          labels: { team: 'payroll' },
        },
      },
      after: after(0n),
    },
  };
}

export function deposited(deposit: Deposit): EventRecord {
  return {
    accountId: uuidToBytes(deposit.accountId),
    version: deposit.version,
    type: EventType.EVENT_TYPE_MONEY_DEPOSITED,
    recordedAtMicros: RECORDED_MICROS,
    ...placed(deposit),
    event: {
      body: {
        $case: 'moneyDeposited',
        value: {
          amountMinor: deposit.amount,
          reference: { form: { $case: 'plain', value: `salary ${deposit.itemIndex ?? ''}` } },
          valueDate: '2026-06-30',
        },
      },
      after: after(deposit.balance),
    },
  };
}

export type BatchContent = Partial<Omit<EventBatch, 'batchId' | 'partition'>> & {
  partition: number;
  seq: bigint;
  batchId?: string;
  previousBatchId?: string;
  traceparent?: string;
};

/** A record as it comes from Kafka. */
export function logRecord(content: BatchContent): LogRecord {
  const { seq, batchId = randomUUID(), previousBatchId, traceparent, ...batch } = content;
  const payload = Buffer.from(
    EventBatch.encode(
      EventBatch.fromPartial({
        storedAtMicros: RECORDED_MICROS,
        ...batch,
        batchId: uuidToBytes(batchId),
      }),
    ).finish(),
  );
  return {
    partition: content.partition,
    seq,
    batchId,
    previousBatchId,
    traceparent,
    receivedAtMs: 0,
    payload,
    source: 'kafka',
    offset: seq - 1n,
    eventCount: countEvents(payload),
  };
}

/** Item indexes as a submission part stores them. */
export function indexVarints(indexes: readonly number[]): Uint8Array {
  const bytes: number[] = [];
  let before = 0;
  for (const index of indexes) {
    let rest = index - before;
    before = index;
    for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
    bytes.push(rest);
  }
  return Uint8Array.from(bytes);
}
