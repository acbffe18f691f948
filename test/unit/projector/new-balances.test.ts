/** The rows of new accounts say what the generated code reads, whatever was opened. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { uuidToBytes } from '#platform/uuid.ts';
import { CopyWriter } from '#platform/copy-binary.ts';
import { EventBatch, EventRecord } from '#proto/bank/event/v1/event_batch.ts';
import { AccountOpened, AccountStatus, EventType } from '#proto/bank/event/v1/events.ts';
import { batchRows, outlineOf } from '../../../projector-svc/batch-rows.ts';
import { UndecodableRecord, type LogRecord } from '../../../projector-svc/record-outline.ts';

const BATCH_ID = '22222222-2222-4222-8222-222222222222';
const NOW_MS = 1_800_000_000_000;
const START = { seq: 0n, retryNo: 0n };
const text = fc.string({ unit: 'grapheme', maxLength: 40 });
const int64 = fc.bigInt({ min: 0n, max: (1n << 63n) - 1n });
const opened = fc.record({
  tenant: fc.oneof(fc.constant(''), text),
  currencyCode: fc.constantFrom<string[]>('EUR', 'JPY'),
  owner: fc.constantFrom(undefined, 'sealed', '', 'Ada', 'Zo\u00eb \u{1f600}').map((value) => {
    if (value === undefined) return undefined;
    const sealed = { keyId: 'k1', ciphertext: new Uint8Array(50) };
    return value === 'sealed'
      ? { form: { $case: 'sealed' as const, value: sealed } }
      : { form: { $case: 'plain' as const, value } };
  }),
  overdraftLimitMinor: int64,
  labels: fc.dictionary(text, text, { maxKeys: 3, noNullPrototype: true }),
});
const account = fc.record({ id: fc.uuid(), opened, at: fc.bigInt({ min: 1n, max: 10n ** 15n }) });
const accounts = fc.uniqueArray(account, { maxLength: 6, selector: ({ id }) => id });

type Account = typeof account extends fc.Arbitrary<infer T> ? T : never;

/** Each account opened, and one that takes a deposit right after it. */
function eventsOf({ id, opened: body, at }: Account): EventRecord[] {
  const after = {
    balanceMinor: 0n,
    overdraftLimitMinor: body.overdraftLimitMinor,
    currencyCode: body.currencyCode,
    status: AccountStatus.ACCOUNT_STATUS_OPEN,
    shape: 1,
  };
  const common = { accountId: uuidToBytes(id), recordedAtMicros: at };
  const events = [
    {
      ...common,
      version: 1n,
      type: EventType.EVENT_TYPE_ACCOUNT_OPENED,
      event: { body: { $case: 'accountOpened' as const, value: body }, after },
    },
    {
      ...common,
      version: 2n,
      type: EventType.EVENT_TYPE_MONEY_DEPOSITED,
      event: {
        body: { $case: 'moneyDeposited' as const, value: { amountMinor: 7n } },
        after: { ...after, balanceMinor: 7n },
      },
    },
  ];
  return events.map((event) => EventRecord.fromPartial(event));
}

function recordOf(seq: bigint, events: readonly EventRecord[]): LogRecord {
  const payload = Buffer.from(
    EventBatch.encode(
      EventBatch.fromPartial({ batchId: uuidToBytes(BATCH_ID), partition: 3, events: [...events] }),
    ).finish(),
  );
  const origin = { traceparent: undefined, receivedAtMs: 0, source: 'kafka', offset: seq } as const;
  return { partition: 3, seq, batchId: BATCH_ID, payload, eventCount: events.length, ...origin };
}

function expectedRows(given: readonly Account[]): Buffer {
  const copy = new CopyWriter();
  for (const { id, opened: body, at } of given) {
    const read = AccountOpened.decode(
      AccountOpened.encode(AccountOpened.fromPartial(body)).finish(),
    );
    const form = read.owner?.form;
    copy.row(15);
    copy.uuid(id);
    copy.text(read.tenant);
    copy.int64(2n);
    copy.text(read.currencyCode);
    copy.int64(7n);
    copy.int64(0n);
    copy.int64(read.overdraftLimitMinor);
    copy.int16(1);
    copy.bool(false);
    copy.bool(false);
    copy.text(form?.$case === 'plain' ? form.value : '');
    copy.text(`\x01${JSON.stringify(read.labels)}`);
    copy.timestamp(at);
    copy.timestamp(at);
    copy.timestamp(BigInt(NOW_MS) * 1000n);
  }
  return copy.finish();
}

test('the rows of new accounts, opened in two records, are what the generated code reads', () => {
  fc.assert(
    fc.property(accounts, fc.nat(6), (given, cut) => {
      const records = [given.slice(0, cut), given.slice(cut)].map((part, n) =>
        recordOf(BigInt(n + 1), part.flatMap(eventsOf)),
      );
      const { rows } = batchRows(records.map(outlineOf), START, NOW_MS);
      const expected = given.length === 0 ? undefined : expectedRows(given).toString('hex');
      expect(rows.newBalances?.toString('hex')).toBe(expected);
      expect(rows.changedBalances).toBeUndefined();
    }),
    { numRuns: 500 },
  );
});

test('an AccountOpened that cannot be read is refused with the name of its record', () => {
  const body = { currencyCode: 'EUR', labels: {} };
  const [event] = eventsOf({
    id: BATCH_ID,
    at: 1n,
    opened: { ...body, tenant: '', owner: undefined, overdraftLimitMinor: 0n },
  });
  if (event === undefined) throw new Error('there is an event');
  const record = recordOf(1n, [event]);
  const at = record.payload.indexOf(Buffer.from('\x12\x03EUR', 'latin1'));
  record.payload[at + 1] = 100;
  expect(() => batchRows([outlineOf(record)], START, NOW_MS)).toThrow(UndecodableRecord);
});
