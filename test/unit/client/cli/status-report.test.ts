/** The status of a bank on one screen, and as JSON. */
import { expect, test } from 'vitest';
import type { BankStatus } from '#client/cli/ask-status.ts';
import { amount } from '#client/cli/amounts.ts';
import { statusJson, statusLines } from '#client/cli/status-report.ts';
import { GetProjectionStatusResponse, HealthState } from '#proto/bank/v1/projector_service.ts';

const SCREEN = { lines: 50, columns: 180 };

const level = (partition: number) => ({ partition, appliedSeq: 1200n, headSeq: 1200n });
const CHECK = {
  name: 'retained_wal',
  state: HealthState.HEALTH_STATE_WARNING,
  message: 'kept for the slot',
  value: 3n * 1024n ** 3n,
  warningFrom: 2n * 1024n ** 3n,
  failingFrom: 3_865_470_566n,
  unit: 'bytes',
};
const PROJECTION = GetProjectionStatusResponse.fromPartial({
  partitions: [
    ...Array.from({ length: 15 }, (_, n) => level(n)),
    {
      ...level(15),
      headSeq: 1203n,
      lagRecords: 3n,
      lagMs: 2500n,
      outboxFeeds: true,
      alarm: 'it has stopped',
    },
  ],
  lagRecords: 3n,
  filledRecords: 7n,
  pipeline: {
    state: HealthState.HEALTH_STATE_WARNING,
    checks: [CHECK, { name: 'tasks', state: HealthState.HEALTH_STATE_OK, message: 'RUNNING' }],
  },
});
const STATUS: BankStatus = {
  state: 'warning',
  at: new Date('2026-11-28T10:00:00Z'),
  replicas: [
    { service: 'command', address: '10.0.0.1:50051', serves: true, message: 'SERVING' },
    { service: 'query', address: '10.0.0.2:50052', serves: false, message: 'NOT_SERVING' },
  ],
  projection: PROJECTION,
  fault: '',
};

test('shows what is well in one line, and what is not in a line each', () => {
  const lines = statusLines(STATUS);
  expect(lines.map((line) => line.replace(/ {2,}/g, '  '))).toEqual([
    'bank  warning, 2026-11-28T10:00:00.000Z',
    '',
    'command  10.0.0.1:50051  SERVING',
    'query  10.0.0.2:50052  NOT_SERVING',
    '',
    'check  state  now  warning at  failing at',
    'retained_wal  warning  3.0 GiB  2.0 GiB  3.6 GiB  kept for the slot',
    'tasks  ok  -  -  -  RUNNING',
    '',
    'projection  16 partitions, 19,200 records applied, 3 wait, 7 were filled from the outbox',
    '  partition 15  1,200 of 1,203, 2.5 s late, fed from the outbox, ALARM: it has stopped',
  ]);
});

test('fits a screen with every partition in trouble, and a trace of any length', () => {
  const trace = 'x'.repeat(500);
  const partitions = Array.from({ length: 1024 }, (_, partition) => ({
    ...level(partition),
    lagRecords: 1n,
    alarm: partition === 0 ? trace : '',
  }));
  const checks = Array.from({ length: 9 }, () => ({ ...CHECK, message: trace }));
  const projection = GetProjectionStatusResponse.fromPartial({ partitions, pipeline: { checks } });
  const lines = statusLines({ ...STATUS, projection });
  expect(lines.length).toBeLessThanOrEqual(SCREEN.lines);
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(SCREEN.columns);
  expect(lines.at(-1)).toContain('and 1008 more');
});

test('shows the end of a long alarm, where the command stands that helps', () => {
  const file = 'f'.repeat(80);
  const alarm = `partition 0, positions 1 to 40: archived in ${file}; brought back by COMMAND`;
  const partitions = [{ ...level(0), alarm }];
  const projection = GetProjectionStatusResponse.fromPartial({ partitions });
  const last = statusLines({ ...STATUS, projection }).at(-1);
  expect(last).toMatch(/ALARM: partition 0, positions 1 to .*brought back by COMMAND$/);
});

test('says why there is no projection to tell of', () => {
  const fault = 'UNAVAILABLE: no connection';
  const lines = statusLines({ ...STATUS, projection: undefined, fault });
  expect(lines.at(-1)).toContain(fault);
});

test('as JSON has all that was answered, numbers as text where they may be large', () => {
  const json: unknown = JSON.parse(JSON.stringify(statusJson(STATUS)));
  expect(json).toMatchObject({
    state: 'warning',
    at: '2026-11-28T10:00:00.000Z',
    replicas: [{ serves: true }, { serves: false }],
    projection: {
      filledRecords: '7',
      pipeline: { state: 'HEALTH_STATE_WARNING', checks: [{ value: '3221225472' }, {}] },
    },
  });
});

test.each([
  [undefined, 'ms', '-'],
  [0n, 'ms', '0 ms'],
  [999n, 'ms', '999 ms'],
  [61_500n, 'ms', '61.5 s'],
  [0n, 'bytes', '0 B'],
  [1023n, 'bytes', '1023 B'],
  [1536n, 'bytes', '1.5 KiB'],
  [5n * 1024n ** 5n, 'bytes', '5120.0 TiB'],
  [20_000n, 'records', '20,000'],
])('%s %s is %s', (value, unit, text) => {
  expect(amount(value, unit)).toBe(text);
});
