/** What the watchdog makes of what it sees: the faults that Connect hides too. */
import { expect, test } from 'vitest';
import { WATCHDOG } from '../../../projector-svc/pipeline-bounds.ts';
import { diagnose } from '../../../projector-svc/pipeline-diagnosis.ts';
import { newMemory } from '../../../projector-svc/pipeline-look.ts';
import { FAILED, RUNNING, lookAt, slot, type Seen } from './pipeline-looks.ts';

/** Looks a second apart; answers the last diagnosis. */
function after(seconds: number, look: (second: number) => Seen): string {
  const memory = newMemory(0);
  let last = 'none';
  for (let second = 0; second <= seconds; second++) {
    const diagnosis = diagnose(lookAt(second * 1000, look(second)), memory);
    last = diagnosis.action === 'none' ? 'none' : `${diagnosis.action}: ${diagnosis.why}`;
  }
  return last;
}

const inactiveSeconds = WATCHDOG.slotInactiveMs / 1000;
const stuckSeconds = WATCHDOG.slotStuckMs / 1000;
const moving = (second: number) => slot(`0/${second}`);
const missingSeconds = WATCHDOG.connectorMissingMs / 1000;
type Given = (second: number) => Seen;

test.each<[string, number, Given, string]>([
  ['all is well', 300, (n) => ({ connector: RUNNING, slot: moving(n) }), 'none'],
  [
    'a failed task',
    0,
    (n) => ({ connector: FAILED, slot: moving(n) }),
    'restart: a task has failed: no offset',
  ],
  [
    'a lost slot in front of a running connector without tasks',
    0,
    () => ({ connector: { connector: 'RUNNING', tasks: [] }, slot: slot('0/1', false, 'lost') }),
    'drop-slot: the slot has lost its WAL',
  ],
  [
    'a lost slot while Connect is away',
    0,
    () => ({ connector: 'unreachable', slot: slot('0/1', false, 'lost') }),
    'drop-slot: the slot has lost its WAL',
  ],
  [
    'nobody at the slot for a moment: PostgreSQL was restarted',
    inactiveSeconds - 1,
    () => ({ connector: RUNNING, slot: slot('0/1', false) }),
    'none',
  ],
  [
    'nobody at the slot for long, though Connect says RUNNING',
    inactiveSeconds,
    () => ({ connector: RUNNING, slot: slot('0/1', false) }),
    'restart: nobody reads the slot',
  ],
  [
    'no slot',
    inactiveSeconds,
    () => ({ connector: RUNNING, slot: undefined }),
    'restart: there is no slot',
  ],
  [
    'a slot that does not move',
    stuckSeconds,
    () => ({ connector: RUNNING, slot: slot('0/1') }),
    'restart: the slot does not move',
  ],
  [
    'paused on purpose',
    300,
    () => ({ connector: { connector: 'PAUSED', tasks: [] }, slot: slot('0/1', false) }),
    'none',
  ],
  ['Connect away', 300, () => ({ connector: 'unreachable', slot: slot('0/1', false) }), 'none'],
  [
    'no connector yet',
    missingSeconds - 1,
    () => ({ connector: 'missing', slot: undefined }),
    'none',
  ],
  [
    'a connector that Connect has lost',
    missingSeconds,
    () => ({ connector: 'missing', slot: slot('0/1', false) }),
    'put-connector: Connect does not know the connector',
  ],
  [
    'Kafka away: a restart would not help',
    300,
    () => ({ connector: FAILED, slot: slot('0/1', false), kafkaAway: true }),
    'none',
  ],
  [
    'Kafka back after long: the connector gets its time',
    300,
    (n) => ({ connector: RUNNING, slot: slot('0/1', false), kafkaAway: n < 290 }),
    'none',
  ],
  [
    'Connect back after long: the connector gets its time',
    300,
    (n) => ({ connector: n < 290 ? 'unreachable' : RUNNING, slot: undefined }),
    'none',
  ],
  [
    'Connect back, and its connector does not take the slot',
    300,
    (n) => ({ connector: n < 300 - inactiveSeconds ? 'unreachable' : RUNNING, slot: undefined }),
    'restart: there is no slot',
  ],
  [
    'PostgreSQL away: nothing is known of the slot',
    300,
    () => ({ connector: RUNNING, slot: 'unknown' }),
    'none',
  ],
])('%s', (_, seconds, look, diagnosis) => {
  expect(after(seconds, look)).toBe(diagnosis);
});
