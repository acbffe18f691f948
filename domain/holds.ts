/**
 * The open holds of an account: what each still sets aside, and how an event changes them. A hold
 * whose time has passed sets its amount aside until an event ends it.
 */
import type {
  AccountEvent,
  HoldCaptured,
  HoldExpired,
  HoldPlaced,
  HoldReleased,
} from './events.ts';

export type OpenHold = {
  /** Names it within its account. */
  readonly holdId: string;
  /** Above 0. */
  readonly remainingMinor: bigint;
  /** Microseconds since 1970-01-01 UTC; undefined: never. */
  readonly expiresAtMicros: bigint | undefined;
};

/** How a hold that is not open any more has ended; captured: whole, or with its rest released. */
export type HoldEnd = 'captured' | 'released' | 'expired';

export type HoldEvent = HoldPlaced | HoldCaptured | HoldReleased | HoldExpired;

export function isHoldEvent(event: AccountEvent): event is HoldEvent {
  return 'holdId' in event;
}

type Holding = { readonly heldMinor: bigint; readonly openHolds: readonly OpenHold[] };

export const NO_HOLDS: readonly OpenHold[] = [];

/** An account has so many open holds at most: it is loaded and decided with all of them. */
export const OPEN_HOLDS_MAX = 1_000;

export function findHold({ openHolds }: Holding, holdId: string): OpenHold | undefined {
  return openHolds.find((hold) => hold.holdId === holdId);
}

export function hasPassed({ expiresAtMicros }: OpenHold, nowMicros: bigint): boolean {
  return expiresAtMicros !== undefined && expiresAtMicros <= nowMicros;
}

/** The end of each hold whose time has passed, in the order in which they were placed. */
export function expiriesOf({ openHolds }: Holding, nowMicros: bigint): HoldExpired[] {
  return openHolds
    .filter((hold) => hasPassed(hold, nowMicros))
    .map(({ holdId, remainingMinor }) => {
      return { type: 'HoldExpired', holdId, amountMinor: remainingMinor };
    });
}

/** How the event ends its hold; undefined: it goes on. */
export function endOf(event: HoldEvent): HoldEnd | undefined {
  switch (event.type) {
    case 'HoldPlaced':
      return undefined;
    case 'HoldCaptured':
      return event.remainingMinor === 0n ? 'captured' : undefined;
    case 'HoldReleased':
      return 'released';
    case 'HoldExpired':
      return 'expired';
    default:
      return unknownEvent(event);
  }
}

/** The account with the hold placed, made smaller or ended. */
export function changeHold<Account extends Holding>(account: Account, event: HoldEvent): Account {
  const { openHolds, heldMinor } = account;
  if (event.type === 'HoldPlaced') {
    const { holdId, amountMinor, expiresAtMicros } = event;
    const placed = { holdId, remainingMinor: amountMinor, expiresAtMicros };
    return { ...account, heldMinor: heldMinor + amountMinor, openHolds: [...openHolds, placed] };
  }
  const place = openHolds.findIndex(({ holdId }) => holdId === event.holdId);
  const hold = openHolds[place];
  if (hold === undefined) throw new Error(`${event.type} of a hold that is not open`);
  const isOver = endOf(event) !== undefined;
  const remainingMinor = event.type === 'HoldCaptured' ? event.remainingMinor : 0n;
  const rest = isOver ? [] : [{ ...hold, remainingMinor }];
  return {
    ...account,
    heldMinor: heldMinor - (hold.remainingMinor - remainingMinor),
    openHolds: openHolds.toSpliced(place, 1, ...rest),
  };
}

function unknownEvent(event: never): never {
  throw new Error(`unknown event ${JSON.stringify(event)}`);
}
