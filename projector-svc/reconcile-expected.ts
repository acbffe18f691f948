/**
 * What the projection must hold of an event, by the generated code alone and apart from the code
 * that projects, so that a fault there is found here. Which submission an entry came by stands in
 * the log only, and is not compared.
 */
import { uuidFromBytes } from '#platform/uuid.ts';
import { Event, type AccountState, type SealedText } from '#proto/bank/event/v1/events.ts';
import type { TextReader } from './reconcile-texts.ts';
import type { StoredEvent } from './sql/read-event-page.ts';
import type { ProjectedEntry } from './sql/read-projection-page.ts';

type Body = NonNullable<Event['body']>;
export type ExpectedEntry = Omit<ProjectedEntry, 'account_id' | 'version' | 'reference'> & {
  /** Undefined: it is being erased, so it may be there and may not. */
  readonly reference: string | undefined;
};

/** What an event makes of a hold. */
export type HoldChange = {
  readonly holdId: string;
  /** 0: it has ended. */
  readonly remainingMinor: bigint;
  /** Of one that is placed, null: never; undefined: as it was. */
  readonly expiresMicros: bigint | null | undefined;
};

export type ExpectedEvent = {
  readonly entry: ExpectedEntry;
  readonly after: AccountState;
  readonly hold: HoldChange | undefined;
  readonly opened:
    | {
        readonly tenant: string;
        /** As a reference. */
        readonly owner: string | undefined;
        readonly labels: Record<string, string>;
      }
    | undefined;
};

/** Throws when the bytes are no event. */
export function expectedOf(stored: StoredEvent, textOf: TextReader): ExpectedEvent {
  const { body, after } = Event.decode(stored.payload);
  if (body === undefined || after === undefined) throw new Error('it has no body, or no state');
  const named = namesOf(body);
  return {
    after,
    hold: holdOf(body),
    opened: openedOf(body, (text) => textOf(text, stored)),
    entry: {
      type: stored.type,
      recorded_micros: stored.recorded_micros,
      amount_minor: changeOf(body),
      balance_after_minor: after.balanceMinor,
      currency_code: after.currencyCode,
      operation_id:
        body.$case === 'transferReceived' ? idOf(body.value.operationId) : stored.operation_id,
      reference: referenceOf(body, (text) => textOf(text, stored)),
      value_date: ('valueDate' in body.value && body.value.valueDate) || null,
      ...named,
    },
  };
}

function changeOf({ $case, value }: Body): bigint {
  if ($case === 'moneyDeposited' || $case === 'transferReceived') return value.amountMinor;
  if ($case === 'operationReversed') return value.balanceChangeMinor;
  const isDebit =
    $case === 'moneyWithdrawn' || $case === 'transferSent' || $case === 'holdCaptured';
  return isDebit ? -value.amountMinor : 0n;
}

type ReadText = (text: SealedText | undefined) => string | undefined;

function referenceOf({ value }: Body, textOf: ReadText): string | undefined {
  if ('reference' in value) return textOf(value.reference);
  return 'reason' in value ? textOf(value.reason) : '';
}

function namesOf({ $case, value }: Body) {
  const counterpart = 'counterpartAccountId' in value ? idOf(value.counterpartAccountId) : null;
  return {
    counterpart_account_id: counterpart,
    counterpart_version:
      counterpart !== null && 'counterpartVersion' in value ? value.counterpartVersion : null,
    hold_id: 'holdId' in value ? idOf(value.holdId) : null,
    reversed_version: $case === 'operationReversed' ? value.reversedVersion : null,
  };
}

function holdOf(body: Body): HoldChange | undefined {
  if (body.$case === 'holdPlaced') {
    const { holdId, amountMinor, expiresAtMicros } = body.value;
    const expiresMicros = expiresAtMicros === 0n ? null : expiresAtMicros;
    return { holdId: uuidFromBytes(holdId), remainingMinor: amountMinor, expiresMicros };
  }
  if (body.$case === 'holdCaptured') {
    const { holdId, remainingMinor } = body.value;
    return { holdId: uuidFromBytes(holdId), remainingMinor, expiresMicros: undefined };
  }
  if (body.$case === 'holdReleased' || body.$case === 'holdExpired') {
    const holdId = uuidFromBytes(body.value.holdId);
    return { holdId, remainingMinor: 0n, expiresMicros: undefined };
  }
  return undefined;
}

function openedOf(body: Body, textOf: ReadText): ExpectedEvent['opened'] {
  if (body.$case !== 'accountOpened') return undefined;
  const { tenant, owner, labels } = body.value;
  return { tenant, owner: textOf(owner), labels };
}

function idOf(bytes: Uint8Array): string | null {
  return bytes.length === 0 ? null : uuidFromBytes(bytes);
}
