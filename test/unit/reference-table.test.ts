/**
 * The reference table of docs/contract.md, which reasons each method can be refused for, is what
 * the rows of the refusal tests say: none is promised that no test provokes, and none is provoked
 * that is not promised. The rows are run by the integration tests.
 */
import { readFileSync } from 'node:fs';
import { status } from '@grpc/grpc-js';
import { describe, expect, test } from 'vitest';
import { BULK_MODE_REFUSALS } from '#test/support/bulk-mode-refusals.ts';
import { ENDED_UPLOADS } from '#test/support/ended-uploads.ts';
import { PAIR_REFUSALS } from '#test/support/pair-refusals.ts';
import { REFUSAL_ROWS } from '#test/support/refusal-rows.ts';
import { SUBMISSION_REFUSALS } from '#test/support/submission-refusals.ts';
import { QUERY_REFUSALS } from '../integration/query/query-refusals.ts';

/** Method, code and reason, and the file whose test provokes it. */
type Refusal = readonly [method: string, code: status, reason: string];

/** What needs more than a row. */
type ProvokedElsewhere = readonly [...Refusal, file: string];
const ARCHIVED = [status.FAILED_PRECONDITION, 'LOG_ARCHIVED'] as const;
const PROVOKED_ELSEWHERE: readonly ProvokedElsewhere[] = [
  ['CaptureHold', status.FAILED_PRECONDITION, 'HOLD_EXPIRED', 'every-command.test.ts'],
  ['EraseOwner', status.FAILED_PRECONDITION, 'TEXTS_NOT_SEALED', 'owner-keys.test.ts'],
  ['EraseOwner', status.NOT_FOUND, 'OWNER_NOT_FOUND', 'owner-keys.test.ts'],
  ['ReleaseHold', status.FAILED_PRECONDITION, 'HOLD_EXPIRED', 'every-command.test.ts'],
  ['PlaceHold', status.RESOURCE_EXHAUSTED, 'QUOTA_EXCEEDED', 'every-command.test.ts'],
  ['SubmitBatch', status.RESOURCE_EXHAUSTED, 'QUOTA_EXCEEDED', 'long-batches.test.ts'],
  ...eventLog('ReadAccountEvents', 'read-account-events.test.ts', [
    [status.NOT_FOUND, 'ACCOUNT_NOT_FOUND'],
  ]),
  ...eventLog('SubscribeToEvents', 'feed-ends.test.ts', [
    [status.FAILED_PRECONDITION, 'LOG_REPLACED'],
  ]),
  ...eventLog('VerifyEvents', 'verify-ends.test.ts', [
    [status.FAILED_PRECONDITION, 'LOG_REPLACED'],
  ]),
  ...['SubscribeToEvents', 'ListItemResults', 'ReverseSubmission'].map(
    (method): ProvokedElsewhere => [method, ...ARCHIVED, 'archived-log.test.ts'],
  ),
];

/** Streams of the event log are bounded, rotated, and end when the event store stays away. */
function eventLog(method: string, file: string, own: [status, string][]): ProvokedElsewhere[] {
  const each: [status, string][] = [
    ...own,
    [status.RESOURCE_EXHAUSTED, 'QUEUE_FULL'],
    [status.UNAVAILABLE, 'STREAM_ROTATED'],
    [status.UNAVAILABLE, 'EVENT_STORE_UNAVAILABLE'],
  ];
  return each.map(([code, reason]) => [method, code, reason, file]);
}

const provoked: readonly Refusal[] = [
  ...[...REFUSAL_ROWS, ...PAIR_REFUSALS].map(([code, reason, { $case }]): Refusal => [
    methodOf($case),
    code,
    reason,
  ]),
  ...[...SUBMISSION_REFUSALS, ...ENDED_UPLOADS, ...BULK_MODE_REFUSALS, ...QUERY_REFUSALS].map(
    ({ method, code, reason }): Refusal => [method, code, reason],
  ),
  ...PROVOKED_ELSEWHERE.map(([method, code, reason]): Refusal => [method, code, reason]),
].filter(([, code]) => code !== status.INVALID_ARGUMENT);

const CONTRACT = read('../../docs/contract.md');

describe('the reference table', () => {
  test('has for each method the reasons that tests provoke', () => {
    expect(promised('method')).toEqual(
      listed(provoked.map(([method, , reason]) => [method, reason])),
    );
  });

  test('agrees with the codes of the reasons', () => {
    const byCode = promised('code');
    for (const [method, code, reason] of provoked) {
      expect(byCode.get(status[code]), `${method} ${reason}`).toContain(reason);
    }
  });

  test.each(PROVOKED_ELSEWHERE)('%s, %i %s: %s provokes it', (_method, _code, reason, file) => {
    expect(read(`../integration/command/${file}`)).toContain(reason);
  });
});

/** The table whose first column is headed so. */
function promised(head: string): Map<string, string[]> {
  const [, table = ''] = CONTRACT.split(`| ${head} | reasons |\n|---|---|\n`);
  const rows: [string, string][] = [];
  for (const line of table.split('\n')) {
    const [, names, reasons] = /^\| (.+?) \| (.+?) \|$/.exec(line) ?? [];
    if (names === undefined || reasons === undefined) break;
    for (const name of names.split(', ')) {
      for (const reason of reasons.split(', ')) rows.push([name, reason.replace(/ \(.*/, '')]);
    }
  }
  return listed(rows);
}

function listed(pairs: readonly (readonly [string, string])[]): Map<string, string[]> {
  const all = new Map<string, string[]>();
  for (const [name, reason] of pairs.toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    all.set(name, [...(all.get(name) ?? []), reason]);
  }
  return new Map([...all].map(([name, reasons]) => [name, [...new Set(reasons)].toSorted()]));
}

function methodOf($case: string): string {
  return $case.charAt(0).toUpperCase() + $case.slice(1);
}

function read(path: string): string {
  return readFileSync(new URL(path, import.meta.url), 'utf8');
}
