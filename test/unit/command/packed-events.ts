/** What events take in the packed row, where every number is as long as it can be. */
import { ANYONE } from '#platform/caller.ts';
import type { ExistingAccount } from '#domain/account.ts';
import type { AccountEvent } from '#domain/events.ts';
import { uuidToBytes } from '#platform/uuid.ts';
import { commandOf } from '#test/support/commands.ts';
import { encodeBatch } from '../../../command-svc/batch-codec.ts';
import type { BatchItem } from '../../../command-svc/batch-item.ts';
import type { DecidedEvent } from '../../../command-svc/decided-events.ts';
import { eventTypeOf } from '../../../command-svc/event-body-encoder.ts';
import { encodeEvent } from '../../../command-svc/event-codec.ts';

export const MOST = 2n ** 63n - 1n;
/** Versions and times stay below 2^53. */
export const LATEST = BigInt(Number.MAX_SAFE_INTEGER);
export const ID = 'ffffffff-ffff-4fff-bfff-ffffffffffff';

export const RICH: ExistingAccount = {
  status: 'open',
  version: LATEST,
  currencyCode: 'EUR',
  balanceMinor: -MOST,
  heldMinor: MOST,
  overdraftLimitMinor: MOST,
  debitsFrozen: true,
  creditsFrozen: false,
  openHolds: [],
};

const ITEM: BatchItem = {
  command: commandOf('Deposit', { operationId: ID }),
  invalid: undefined,
  written: undefined,
  contentHash: '',
  partition: 1,
  otherPartition: undefined,
  itemIndex: Number.MAX_SAFE_INTEGER,
  bytes: 0,
  origin: {
    kind: 'unary',
    traceparent: undefined,
    caller: ANYONE,
    deadlineAtMs: undefined,
    settle: () => undefined,
  },
};

export function packedEventsBytes(events: readonly AccountEvent[]): number {
  const bytes = events.map((event) => encodeEvent(event, RICH));
  const payloads = Buffer.concat(bytes);
  let end = 0;
  const decided = events.map((event, at): DecidedEvent => {
    const start = end;
    end += bytes[at]?.length ?? 0;
    return {
      accountId: ID,
      type: eventTypeOf(event),
      after: {
        idBytes: uuidToBytes(ID),
        state: RICH,
        hash: '',
        recordedAtMicros: LATEST,
        holder: undefined,
      },
      start,
      end,
      item: ITEM,
      commandNumber: 5_000,
      operationId: ID,
      isOfItem: true,
    };
  });
  const batch = { batchId: ID, partition: 1, storedAtMicros: 1n, payloads };
  const rest = { submissions: [], others: [], replayed: [], submissionNumberOf: () => 5_000 };
  const bytesOf = (list: DecidedEvent[]): number =>
    encodeBatch({ ...batch, ...rest, events: list }).length;
  return bytesOf(decided) - bytesOf([]);
}
