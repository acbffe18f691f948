/** Each reason of docs/contract.md that a command of `bank` can be refused for has a hint. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { reasonHint } from '#client/cli/reason-hints.ts';

const [, TABLE = ''] = readFileSync('docs/contract.md', 'utf8').split('| code | reasons |\n');
const ROWS = TABLE.split('\n\n')[0]?.split('\n').slice(1) ?? [];
const REASONS = ROWS.flatMap((row) => row.split(' | ')[1]?.match(/[A-Z]+(_[A-Z]+)+/g) ?? []);

/** OUTCOME_UNKNOWN: the line to send is told instead. Of the others `bank` has no command. */
const WITHOUT = ['INVALID_ITEM', 'OWNER_NOT_FOUND', 'OUTCOME_UNKNOWN'];

test('each reason has a hint of what to do next', () => {
  expect(REASONS).toContain('SUBMISSION_TAKEN_OVER');
  expect(REASONS.filter((reason) => reasonHint(reason) === undefined)).toEqual(WITHOUT);
});
