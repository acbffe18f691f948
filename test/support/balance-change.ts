/** What a stored event adds to its account's balance, in minor units. */
import type { Event } from '#proto/bank/event/v1/events.ts';

export function balanceChangeOf(body: Event['body']): bigint {
  switch (body?.$case) {
    case 'moneyDeposited':
    case 'transferReceived':
      return body.value.amountMinor;
    case 'moneyWithdrawn':
    case 'transferSent':
    case 'holdCaptured':
      return -body.value.amountMinor;
    case 'operationReversed':
      return body.value.balanceChangeMinor;
    case undefined:
    case 'accountOpened':
    case 'holdPlaced':
    case 'holdReleased':
    case 'holdExpired':
    case 'overdraftLimitSet':
    case 'accountFrozen':
    case 'accountUnfrozen':
    case 'accountClosed':
      return 0n;
    default:
      return unknownBody(body);
  }
}

function unknownBody(body: never): never {
  throw new Error(`unknown body ${JSON.stringify(body)}`);
}
