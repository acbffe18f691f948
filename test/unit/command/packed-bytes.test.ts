/** The bound of what a command takes in the packed row, against the longest events it can give. */
import { expect, it } from 'vitest';
import type { Command } from '#domain/commands.ts';
import type { AccountEvent } from '#domain/events.ts';
import { commandOf } from '#test/support/commands.ts';
import { packedBytesMax } from '../../../command-svc/bulk-items.ts';
import { ID, LATEST, MOST, packedEventsBytes } from './packed-events.ts';

/** 140 characters of three bytes each. */
const TEXT = '\u20ac'.repeat(140);
/** Every index of an item stands once more in the list of accepted ones. */
const INDEX_BYTES = 8;
const counterpart = { accountId: ID, version: LATEST };
const moved = { amountMinor: MOST, reference: TEXT, valueDate: '2026-05-31' };
const hold = { holdId: ID, amountMinor: MOST };
const sent: AccountEvent = { type: 'TransferSent', ...moved, counterpart };
const received: AccountEvent = {
  type: 'TransferReceived',
  ...moved,
  counterpart,
  operationId: ID,
};
const closed: AccountEvent = { type: 'AccountClosed', reason: TEXT, counterpart };
const reversed: AccountEvent = {
  type: 'OperationReversed',
  reversedVersion: LATEST,
  balanceChangeMinor: -MOST,
  reason: TEXT,
  counterpart,
};
const text = { reference: TEXT } as const;
const why = { reason: TEXT } as const;

const CASES: readonly [Command, AccountEvent[]][] = [
  [commandOf('Withdraw', text), [{ type: 'MoneyWithdrawn', ...moved }]],
  [commandOf('Transfer', text), [sent, received]],
  [
    commandOf('PlaceHold', text),
    [{ type: 'HoldPlaced', ...hold, expiresAtMicros: LATEST, reference: TEXT }],
  ],
  [
    commandOf('CaptureHold', text),
    [
      {
        type: 'HoldCaptured',
        ...hold,
        remainingMinor: MOST,
        releasedMinor: MOST,
        expiresAtMicros: LATEST,
        reference: TEXT,
      },
    ],
  ],
  [commandOf('ReleaseHold'), [{ type: 'HoldReleased', ...hold }]],
  [commandOf('SetOverdraftLimit'), [{ type: 'OverdraftLimitSet', overdraftLimitMinor: MOST }]],
  [
    commandOf('FreezeAccount', why),
    [{ type: 'AccountFrozen', debits: true, credits: true, reason: TEXT }],
  ],
  [commandOf('UnfreezeAccount', why), [{ type: 'AccountUnfrozen', reason: TEXT }]],
  [commandOf('CloseAccount', why), [closed]],
  [commandOf('CloseAccount', { ...why, sweepTo: ID }), [sent, closed, received]],
  [commandOf('ReverseOperation', why), [reversed, reversed]],
  [commandOf('ReverseEvent', why), [reversed]],
  [commandOf('ReverseEvent', { ...why, event: sent }), [reversed, reversed]],
];

it.each(CASES)('$type takes no more of the packed row than it says', (command, events) => {
  const taken = packedEventsBytes(events) + INDEX_BYTES;
  expect(taken).toBeLessThanOrEqual(packedBytesMax(command));
});
