/**
 * What a statement shows of each kind of event: where the fields stand in its body, and what its
 * amount does.
 */
import { EventType } from '#proto/bank/event/v1/events.ts';

/** Which fields of a body a statement shows; 0: none. sign: what the amount does to the balance. */
export type BodyFields = {
  sign: -1 | 0 | 1;
  amount: number;
  reference: number;
  valueDate: number;
  operation: number;
  counterpart: number;
  counterpartVersion: number;
  reversed: number;
  hold: number;
  /** What the hold has left; none: it has ended. */
  holdLeft: number;
  expires: number;
};

const NOTHING: BodyFields = {
  sign: 0,
  amount: 0,
  reference: 0,
  valueDate: 0,
  operation: 0,
  counterpart: 0,
  counterpartVersion: 0,
  reversed: 0,
  hold: 0,
  holdLeft: 0,
  expires: 0,
};
const LEG = { amount: 1, counterpart: 2, counterpartVersion: 3, reference: 4, valueDate: 5 };
const body = (fields: Partial<BodyFields>): BodyFields => ({ ...NOTHING, ...fields });

/** The number of a body in Event is the number of its type. */
export const BODIES: readonly (BodyFields | undefined)[] = bodiesByType();

function bodiesByType(): (BodyFields | undefined)[] {
  const bodies: (BodyFields | undefined)[] = [];
  bodies[EventType.EVENT_TYPE_ACCOUNT_OPENED] = NOTHING;
  bodies[EventType.EVENT_TYPE_MONEY_DEPOSITED] = body({
    sign: 1,
    amount: 1,
    reference: 2,
    valueDate: 3,
  });
  bodies[EventType.EVENT_TYPE_MONEY_WITHDRAWN] = body({
    sign: -1,
    amount: 1,
    reference: 2,
    valueDate: 3,
  });
  bodies[EventType.EVENT_TYPE_TRANSFER_SENT] = body({ sign: -1, ...LEG });
  bodies[EventType.EVENT_TYPE_TRANSFER_RECEIVED] = body({ sign: 1, ...LEG, operation: 6 });
  bodies[EventType.EVENT_TYPE_HOLD_PLACED] = body({
    hold: 1,
    holdLeft: 2,
    expires: 3,
    reference: 4,
  });
  bodies[EventType.EVENT_TYPE_HOLD_CAPTURED] = body({
    hold: 1,
    sign: -1,
    amount: 2,
    holdLeft: 3,
    reference: 4,
  });
  bodies[EventType.EVENT_TYPE_HOLD_RELEASED] = body({ hold: 1 });
  bodies[EventType.EVENT_TYPE_HOLD_EXPIRED] = body({ hold: 1 });
  bodies[EventType.EVENT_TYPE_OPERATION_REVERSED] = body({
    reversed: 1,
    sign: 1,
    amount: 2,
    reference: 3,
    counterpart: 4,
    counterpartVersion: 5,
  });
  bodies[EventType.EVENT_TYPE_OVERDRAFT_LIMIT_SET] = NOTHING;
  bodies[EventType.EVENT_TYPE_ACCOUNT_FROZEN] = body({ reference: 3 });
  bodies[EventType.EVENT_TYPE_ACCOUNT_UNFROZEN] = body({ reference: 1 });
  bodies[EventType.EVENT_TYPE_ACCOUNT_CLOSED] = body({
    reference: 1,
    counterpart: 2,
    counterpartVersion: 3,
  });
  return bodies;
}
