/** Every event of the domain is stored and read again as it was, under its own number. */
import { describe, expect, it } from 'vitest';
import { evolve, NO_ACCOUNT } from '#domain/account.ts';
import type { AccountEvent } from '#domain/events.ts';
import { Event, EventType } from '#proto/bank/event/v1/events.ts';
import { OPENED } from '#test/support/commands.ts';
import { eventTypeOf } from '../../../command-svc/event-body-encoder.ts';
import { decodeEvent, encodeEvent } from '../../../command-svc/event-codec.ts';

const LEG = { accountId: '77777777-7777-4777-8777-777777777777', version: 9n };
const HOLD = { holdId: '88888888-8888-4888-8888-888888888888', amountMinor: 5n };
const MOVED = { amountMinor: 5n, reference: 'why', valueDate: '2026-01-31' };

describe('every event', () => {
  const events: AccountEvent[] = [
    OPENED,
    { type: 'MoneyDeposited', ...MOVED },
    { type: 'MoneyWithdrawn', ...MOVED },
    { type: 'TransferSent', ...MOVED, counterpart: LEG },
    { type: 'TransferReceived', ...MOVED, counterpart: LEG, operationId: undefined },
    { type: 'TransferReceived', ...MOVED, counterpart: LEG, operationId: LEG.accountId },
    { type: 'HoldPlaced', ...HOLD, expiresAtMicros: undefined, reference: '' },
    { type: 'HoldPlaced', ...HOLD, expiresAtMicros: 7n, reference: 'why' },
    {
      type: 'HoldCaptured',
      ...HOLD,
      remainingMinor: 1n,
      releasedMinor: 2n,
      expiresAtMicros: 7n,
      reference: 'why',
    },
    { type: 'HoldReleased', ...HOLD },
    { type: 'HoldExpired', ...HOLD },
    {
      type: 'OperationReversed',
      reversedVersion: 2n,
      balanceChangeMinor: -5n,
      reason: 'why',
      counterpart: undefined,
    },
    {
      type: 'OperationReversed',
      reversedVersion: 2n,
      balanceChangeMinor: 5n,
      reason: 'why',
      counterpart: LEG,
    },
    { type: 'OverdraftLimitSet', overdraftLimitMinor: 5n },
    { type: 'AccountFrozen', debits: true, credits: false, reason: 'why' },
    { type: 'AccountUnfrozen', reason: 'why' },
    { type: 'AccountClosed', reason: '', counterpart: undefined },
    { type: 'AccountClosed', reason: 'why', counterpart: LEG },
  ];
  it.each(events)('$type is read as it was written, under its number', (event) => {
    const state = evolve(NO_ACCOUNT, OPENED);
    const bytes = encodeEvent(event, state);
    expect(decodeEvent(bytes).event).toEqual(event);
    const { body } = Event.decode(bytes);
    const name = `${event.type[0]?.toLowerCase()}${event.type.slice(1)}`;
    expect(body?.$case).toBe(name);
    expect(EventType[eventTypeName(event.type)]).toBe(eventTypeOf(event));
  });
});

function eventTypeName(type: string): keyof typeof EventType {
  const name = `EVENT_TYPE${type.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
  const found = Object.keys(EventType).find((key): key is keyof typeof EventType => key === name);
  if (found === undefined) throw new Error(`no event type ${name}`);
  return found;
}
