/**
 * An account added up from its stored events, by the meaning that each has in the stored contract;
 * and where the state that an event carries is another.
 */
import { uuidFromBytes } from '#platform/uuid.ts';
import { AccountStatus, type AccountState, type Event } from '#proto/bank/event/v1/events.ts';

export class FoldedAccount {
  balance = 0n;
  limit = 0n;
  currency = '';
  noDebits = false;
  noCredits = false;
  isClosed = false;
  readonly #holds = new Map<string, bigint>();
  /** What the newest capture leaves of its hold. */
  #restSaid = 0n;
  #restAdded = 0n;

  get held(): bigint {
    return [...this.#holds.values()].reduce((sum, left) => sum + left, 0n);
  }

  /** Answers what the event added to the balance. */
  add(body: Event['body']): bigint {
    const change = changeOf(body);
    this.balance += change;
    // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- others only move money
    switch (body?.$case) {
      case 'accountOpened':
        this.currency = body.value.currencyCode;
        this.limit = body.value.overdraftLimitMinor;
        break;
      case 'holdPlaced':
        this.#hold(body.value.holdId, body.value.amountMinor);
        break;
      case 'holdCaptured': {
        const { holdId, amountMinor, releasedMinor, remainingMinor } = body.value;
        this.#hold(holdId, -amountMinor - releasedMinor);
        this.#restSaid = remainingMinor;
        this.#restAdded = this.#left(holdId);
        break;
      }
      case 'holdReleased':
      case 'holdExpired':
        this.#hold(body.value.holdId, -body.value.amountMinor);
        break;
      case 'overdraftLimitSet':
        this.limit = body.value.overdraftLimitMinor;
        break;
      case 'accountFrozen':
        this.noDebits = body.value.debits;
        this.noCredits = body.value.credits;
        break;
      case 'accountUnfrozen':
        this.noDebits = this.noCredits = false;
        break;
      case 'accountClosed':
        this.isClosed = true;
        break;
      default:
    }
    return change;
  }

  differences(after: AccountState | undefined): string[] {
    const pairs: [string, unknown, unknown][] = [
      ['balance', after?.balanceMinor, this.balance],
      ['held', after?.heldMinor, this.held],
      ['rest of the hold', this.#restSaid, this.#restAdded],
      ['limit', after?.overdraftLimitMinor, this.limit],
      ['currency', after?.currencyCode, this.currency],
      ['no debits', after?.debitsFrozen, this.noDebits],
      ['no credits', after?.creditsFrozen, this.noCredits],
      ['closed', after?.status === AccountStatus.ACCOUNT_STATUS_CLOSED, this.isClosed],
    ];
    return pairs
      .filter(([, carried, added]) => carried !== added)
      .map(([what, carried, added]) => `${what} ${String(carried)} for ${String(added)}`);
  }

  #left(holdId: Uint8Array): bigint {
    return this.#holds.get(uuidFromBytes(holdId)) ?? 0n;
  }

  #hold(holdId: Uint8Array, change: bigint): void {
    this.#holds.set(uuidFromBytes(holdId), this.#left(holdId) + change);
  }
}

function changeOf(body: Event['body']): bigint {
  // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- others move no money
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
    default:
      return 0n;
  }
}
