/**
 * One event in plain fields, filled by event-decoder.ts and used again for the next one: nothing is
 * allocated.
 */

export const NO_DATE = -0x80000000;

/**
 * One event; places are positions in the record's bytes, -1 for none; 64-bit numbers are two
 * halves.
 */
export type EventFields = {
  accountAt: number;
  versionLow: number;
  versionHigh: number;
  type: number;
  recordedLow: number;
  recordedHigh: number;
  operationAt: number;
  submissionNumber: number;
  itemLow: number;
  itemHigh: number;
  /** The bytes of the event itself. */
  bodyAt: number;
  bodyEnd: number;
  /** The signed change of the balance. */
  amountLow: number;
  amountHigh: number;
  referenceAt: number;
  referenceEnd: number;
  /** The bytes of bank.event.v1.Sealed, in place of a reference. */
  sealedAt: number;
  sealedEnd: number;
  /** Days since 2000-01-01, or NO_DATE. */
  valueDate: number;
  balanceLow: number;
  balanceHigh: number;
  heldLow: number;
  heldHigh: number;
  overdraftLow: number;
  overdraftHigh: number;
  currencyAt: number;
  currencyEnd: number;
  status: number;
  debitsFrozen: boolean;
  creditsFrozen: boolean;
  /** The other leg of a transfer: its account, and its version there. */
  counterpartAt: number;
  counterpartLow: number;
  counterpartHigh: number;
  /** The version that a reversal undoes; 0 for none. */
  reversedLow: number;
  reversedHigh: number;
  holdAt: number;
  /** What the hold has left; 0: it has ended. */
  holdLeftLow: number;
  holdLeftHigh: number;
  /** Of a hold that is placed: microseconds since 1970; 0: never. */
  expiresLow: number;
  expiresHigh: number;
  /** The bytes of the state after the event. */
  stateAt: number;
  stateEnd: number;
  /** The bytes of AccountOpened. */
  openedAt: number;
  openedEnd: number;
};

export function newEventFields(): EventFields {
  return {
    accountAt: -1,
    versionLow: 0,
    versionHigh: 0,
    type: 0,
    recordedLow: 0,
    recordedHigh: 0,
    operationAt: -1,
    submissionNumber: 0,
    itemLow: 0,
    itemHigh: 0,
    bodyAt: -1,
    bodyEnd: -1,
    amountLow: 0,
    amountHigh: 0,
    referenceAt: -1,
    referenceEnd: -1,
    sealedAt: -1,
    sealedEnd: -1,
    valueDate: NO_DATE,
    balanceLow: 0,
    balanceHigh: 0,
    heldLow: 0,
    heldHigh: 0,
    overdraftLow: 0,
    overdraftHigh: 0,
    currencyAt: -1,
    currencyEnd: -1,
    status: 0,
    debitsFrozen: false,
    creditsFrozen: false,
    counterpartAt: -1,
    counterpartLow: 0,
    counterpartHigh: 0,
    reversedLow: 0,
    reversedHigh: 0,
    holdAt: -1,
    holdLeftLow: 0,
    holdLeftHigh: 0,
    expiresLow: 0,
    expiresHigh: 0,
    stateAt: -1,
    stateEnd: -1,
    openedAt: -1,
    openedEnd: -1,
  };
}

export function resetEventFields(fields: EventFields): void {
  fields.accountAt = fields.operationAt = fields.openedAt = fields.openedEnd = -1;
  fields.stateAt = fields.stateEnd = fields.bodyAt = fields.bodyEnd = -1;
  fields.referenceAt = fields.referenceEnd = fields.currencyAt = fields.currencyEnd = -1;
  fields.sealedAt = fields.sealedEnd = -1;
  fields.versionLow = fields.versionHigh = fields.recordedLow = fields.recordedHigh = 0;
  fields.itemLow = fields.itemHigh = fields.amountLow = fields.amountHigh = 0;
  fields.balanceLow = fields.balanceHigh = fields.heldLow = fields.heldHigh = 0;
  fields.overdraftLow =
    fields.overdraftHigh =
    fields.type =
    fields.submissionNumber =
    fields.status =
      0;
  fields.debitsFrozen = fields.creditsFrozen = false;
  fields.counterpartAt = fields.holdAt = -1;
  fields.counterpartLow = fields.counterpartHigh = fields.reversedLow = fields.reversedHigh = 0;
  fields.holdLeftLow = fields.holdLeftHigh = fields.expiresLow = fields.expiresHigh = 0;
  fields.valueDate = NO_DATE;
}
