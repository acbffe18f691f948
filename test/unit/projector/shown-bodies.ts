/** What a statement shows and names of an event's body, written down apart from the decoder. */
import { uuidFromBytes } from '#platform/uuid.ts';
import type { Event } from '#proto/bank/event/v1/events.ts';

export type Body = NonNullable<Event['body']>;

/** What a statement shows of a body, written down apart from the decoder. */
export function shownOf(body: Body): { amount: bigint; reference: string; day: string } {
  const none = { amount: 0n, reference: '', day: '' };
  const wrap = (value: bigint): bigint => BigInt.asIntN(64, value);
  const textOf = (sealed: { form?: { $case: string; value: unknown } | undefined } | undefined) =>
    sealed?.form?.$case === 'plain' ? String(sealed.form.value) : '';
  switch (body.$case) {
    case 'moneyDeposited':
    case 'transferReceived': {
      const { amountMinor, reference, valueDate } = body.value;
      return { amount: amountMinor, reference: textOf(reference), day: valueDate };
    }
    case 'moneyWithdrawn':
    case 'transferSent': {
      const { amountMinor, reference, valueDate } = body.value;
      return { amount: wrap(-amountMinor), reference: textOf(reference), day: valueDate };
    }
    case 'holdPlaced':
      return { ...none, reference: textOf(body.value.reference) };
    case 'holdCaptured':
      return { ...none, amount: -body.value.amountMinor, reference: textOf(body.value.reference) };
    case 'operationReversed': {
      const { balanceChangeMinor, reason: why } = body.value;
      return { ...none, amount: balanceChangeMinor, reference: textOf(why) };
    }
    case 'accountFrozen':
    case 'accountUnfrozen':
    case 'accountClosed':
      return { ...none, reference: textOf(body.value.reason) };
    case 'accountOpened':
    case 'holdReleased':
    case 'holdExpired':
    case 'overdraftLimitSet':
      return none;
  }
}

/** What a body names, written down apart from the decoder. */
export function namedBy(body: Body) {
  const value = { ...NAMES_NOTHING, ...body.value };
  const isPlaced = body.$case === 'holdPlaced';
  const left = isPlaced ? body.value.amountMinor : value.remainingMinor;
  const textOf = (bytes: Uint8Array): string => (bytes.length === 0 ? '' : uuidFromBytes(bytes));
  return {
    counterpart: textOf(value.counterpartAccountId),
    counterpartVersion: value.counterpartVersion,
    reversed: value.reversedVersion,
    hold: textOf(value.holdId),
    left,
    expires: isPlaced ? body.value.expiresAtMicros : 0n,
  };
}

const NAMES_NOTHING = {
  counterpartAccountId: new Uint8Array(0),
  counterpartVersion: 0n,
  reversedVersion: 0n,
  holdId: new Uint8Array(0),
  remainingMinor: 0n,
};
