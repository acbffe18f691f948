/**
 * How much a command has moved: what the sums of a submission, and a file's control totals, are
 * made of. Money that is set aside stays, and is none of it. Pure.
 */
import type { AccountEvent } from '#domain/events.ts';

/** Minor units, by the events of its own account; a sweep moves what its account had left. */
export function movedBy(events: readonly AccountEvent[]): bigint {
  let moved = 0n;
  for (const event of events) moved += movedByOne(event);
  return moved;
}

function movedByOne(event: AccountEvent): bigint {
  // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- no other moves money
  switch (event.type) {
    case 'MoneyDeposited':
    case 'MoneyWithdrawn':
    case 'TransferSent':
    case 'HoldCaptured':
      return event.amountMinor;
    case 'OperationReversed': {
      const { balanceChangeMinor } = event;
      return balanceChangeMinor < 0n ? -balanceChangeMinor : balanceChangeMinor;
    }
    default:
      return 0n;
  }
}
