/** What the watch makes of what it sees: each check's state, by its thresholds. */
import { describe, expect, test } from 'vitest';
import { worstOf } from '../../../projector-svc/health-state.ts';
import { PIPELINE, WATCHDOG } from '../../../projector-svc/pipeline-bounds.ts';
import {
  pipelineChecks,
  parkedCheck,
  projectionChecks,
} from '../../../projector-svc/pipeline-checks.ts';
import { newMemory, remember } from '../../../projector-svc/pipeline-look.ts';
import { FAILED, RUNNING, lookAt, slot, type Seen } from './pipeline-looks.ts';

type Lag = Parameters<typeof pipelineChecks>[0]['lag'];
const LEVEL = { partitions: 16, records: 0n };
const WELL: Seen = { connector: RUNNING, slot: slot('0/1') };

/** The checks at the end of so many seconds of the same. */
function checksOf(seen: Seen, seconds = 0, lag: Lag = LEVEL) {
  const memory = newMemory(0);
  remember(lookAt(0, seen), memory);
  const look = lookAt(seconds * 1000, seen);
  remember(look, memory);
  return pipelineChecks({ look, memory, lag, partitionCount: 16 });
}

function stateOf(name: string, ...given: Parameters<typeof checksOf>): string {
  const check = checksOf(...given).find((one) => one.name === name);
  return `${check?.state}: ${check?.message}`;
}

test('all is well', () => {
  const checks = checksOf(WELL);
  expect(checks.map(({ name, state }) => `${name} ${state}`)).toEqual([
    'slot ok',
    'retained_wal ok',
    'connector ok',
    'tasks ok',
    'heartbeat ok',
    'consumer_lag ok',
  ]);
  expect(worstOf(checks)).toBe('ok');
});

test('without a Connect to watch nothing is said of it', () => {
  const names = checksOf({ ...WELL, connector: 'not-watched' }).map(({ name }) => name);
  expect(names).toEqual(['slot', 'retained_wal', 'heartbeat', 'consumer_lag']);
});

const idleSeconds = Number(PIPELINE.slotIdle.failing) / 1000;
const stuckSeconds = WATCHDOG.slotStuckMs / 1000;
const { warning: oldMs, failing: deadMs } = PIPELINE.heartbeat;
const { warning: manyRecords, failing: tooMany } = PIPELINE.consumerLag;

test.each<[string, string, Parameters<typeof checksOf>]>([
  ['slot', 'failing: bank_outbox has lost its WAL', [{ ...WELL, slot: slot('', false, 'lost') }]],
  ['slot', 'warning: nobody reads bank_outbox', [{ ...WELL, slot: slot('0/1', false) }]],
  [
    'slot',
    'failing: nobody reads bank_outbox',
    [{ ...WELL, slot: slot('0/1', false) }, idleSeconds],
  ],
  ['slot', 'failing: there is no slot bank_outbox', [{ ...WELL, slot: undefined }, idleSeconds]],
  ['slot', 'failing: bank_outbox is read, and does not move', [WELL, stuckSeconds]],
  [
    'slot',
    'warning: bank_outbox is read, unreserved',
    [{ ...WELL, slot: slot('0/1', true, 'unreserved') }],
  ],
  ['slot', 'unknown: the event store cannot be reached', [{ ...WELL, slot: 'unknown' }]],
  ['retained_wal', 'warning: kept', [{ ...WELL, slot: slot('', false, 'extended', 500n) }]],
  ['retained_wal', 'failing: kept', [{ ...WELL, slot: slot('', false, 'extended', 900n) }]],
  ['retained_wal', 'warning: max_slot_wal_keep_size', [{ ...WELL, retainedBytesMax: undefined }]],
  ['connector', 'failing: Connect cannot be reached', [{ ...WELL, connector: 'unreachable' }]],
  ['connector', 'failing: Connect does not know', [{ ...WELL, connector: 'missing' }]],
  ['connector', 'warning: PAUSED', [{ ...WELL, connector: { connector: 'PAUSED', tasks: [] } }]],
  ['connector', 'failing: FAILED', [{ ...WELL, connector: { connector: 'FAILED', tasks: [] } }]],
  ['tasks', 'failing: FAILED: no offset', [{ ...WELL, connector: FAILED }]],
  ['tasks', 'failing: the connector has no', [{ ...WELL, connector: { ...RUNNING, tasks: [] } }]],
  ['tasks', 'unknown: nobody tells', [{ ...WELL, connector: 'unreachable' }]],
  ['heartbeat', 'ok: since', [{ ...WELL, heartbeatAgeMs: oldMs - 1n }]],
  ['heartbeat', 'warning: since', [{ ...WELL, heartbeatAgeMs: oldMs }]],
  ['heartbeat', 'failing: since', [{ ...WELL, heartbeatAgeMs: deadMs }]],
  ['heartbeat', 'ok: there was never one', [{ ...WELL, heartbeatAgeMs: undefined }]],
  ['heartbeat', 'warning: there was never one', [{ ...WELL, heartbeatAgeMs: undefined }, 15]],
  ['heartbeat', 'failing: there was never one', [{ ...WELL, heartbeatAgeMs: undefined }, 60]],
  ['consumer_lag', 'warning: in Kafka', [WELL, 0, { partitions: 16, records: manyRecords }]],
  ['consumer_lag', 'failing: in Kafka', [WELL, 0, { partitions: 16, records: tooMany }]],
  ['consumer_lag', 'failing: the topic has 4', [WELL, 0, { partitions: 4, records: 0n }]],
  ['consumer_lag', 'failing: there is no topic', [WELL, 0, 'no-topic']],
  ['consumer_lag', 'failing: Kafka cannot be reached', [WELL, 0, 'unreachable']],
  ['consumer_lag', 'unknown: Kafka is there', [WELL, 0, 'unknown']],
])('%s is %s', (name, expected, given) => {
  expect(stateOf(name, ...given)).toContain(expected);
});

describe('the projection', () => {
  const states = (seen: Parameters<typeof projectionChecks>[0]): string[] =>
    projectionChecks(seen).map(({ name, state }) => `${name} ${state}`);

  test('is well, fed from the outbox, late, or stopped', () => {
    expect(states({ lagMs: 0n, stopped: 0, fedByOutbox: 0 })).toEqual([
      'outbox_feed ok',
      'projection_lag ok',
      'partitions ok',
    ]);
    expect(states({ lagMs: PIPELINE.lag.warning, stopped: 1, fedByOutbox: 16 })).toEqual([
      'outbox_feed warning',
      'projection_lag warning',
      'partitions failing',
    ]);
    expect(states({ lagMs: PIPELINE.lag.failing, stopped: 0, fedByOutbox: 0 })).toContain(
      'projection_lag failing',
    );
  });

  test('is a warning while an account is parked, not for a record that parks nobody', () => {
    const letters = { accounts: 0n, letters: 3n };
    expect(parkedCheck(letters)).toMatchObject({ state: 'ok', message: 'dead letters: 3' });
    const both = { accounts: 1n, letters: 1n };
    expect(parkedCheck(both)).toMatchObject({ state: 'warning', value: 1n });
    expect(parkedCheck(undefined)).toMatchObject({ state: 'unknown' });
  });
});

test('the worst of several is the one that counts', () => {
  const check = (state: 'ok' | 'warning' | 'unknown' | 'failing') => ({
    name: '',
    state,
    message: '',
  });
  expect(worstOf([])).toBe('ok');
  expect(worstOf([check('warning'), check('ok')])).toBe('warning');
  expect(worstOf([check('warning'), check('unknown')])).toBe('unknown');
  expect(worstOf([check('failing'), check('unknown')])).toBe('failing');
});
