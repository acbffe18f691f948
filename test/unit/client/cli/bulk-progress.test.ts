/** The line that tells how far a bulk run is: counts, rate of this run, time to go, what broke. */
import { status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { progressText, type BulkProgress } from '#client/cli/bulk-progress.ts';

const PROGRESS: BulkProgress = {
  stored: 50_000,
  visible: 19_900,
  rejected: 100,
  malformed: 5,
  expected: 100_005,
  resumedAt: 40_000,
  waits: true,
  broken: undefined,
};
const textOf = (change: Partial<BulkProgress> = {}, ms = 1_000) =>
  progressText({ ...PROGRESS, ...change }, 0, ms);

test('tells what is stored, what can be read, and how long it takes', () => {
  expect(textOf()).toBe(
    '[####................] stored 50,000 visible 19,900 rejected 105 of 100,000' +
      '  10,000/s  eta 8 s',
  );
  expect(textOf({}, 10_000)).toMatch(/ {2}1,000\/s {2}eta 1:20 min$/);
});

test('of a run that does not wait, what is stored counts', () => {
  expect(textOf({ waits: false })).toBe(
    '[##########..........] stored 50,000 rejected 105 of 100,000  10,000/s  eta 5 s',
  );
});

test('has no time to go at the end, or before anything has moved', () => {
  expect(textOf({ stored: 100_000, visible: 99_900 })).toMatch(/^\[#{20}\].*\/s$/);
  expect(textOf({ stored: 40_000 })).toMatch(/ {2}0\/s$/);
});

test('says since when and why nothing moves', () => {
  const message = 'no\n  route';
  const fault = {
    code: status.UNAVAILABLE,
    reason: '',
    message,
    retryAfterMs: undefined,
    mayRetry: true,
  };
  expect(textOf({ broken: { fault, sinceMs: 0 } }, 3_000)).toMatch(
    / {2}trying again for 3 s: UNAVAILABLE: no route$/,
  );
});
