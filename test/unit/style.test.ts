/**
 * The style of the whole tree, file by file, and the rules themselves on small examples. What is
 * too long stands in test/fixtures/style-baseline.json with its length: it may shrink, never grow,
 * and leaves the list when it fits.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { CI_LIMIT_MINUTES, STEPS } from '#test/steps.ts';
import { sourceFiles } from '#test/support/source-files.ts';
import { checkStyle, ratchetProblems } from '#test/support/style-rules.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string) => readFileSync(`${root}/${path}`, 'utf8');

describe('the tree', () => {
  const files = sourceFiles(root);
  const reports = files.map((path) => checkStyle(path, read(path)));

  test('is seen', () => {
    expect(files).toContain('test/unit/style.test.ts');
    expect(files).toContain('domain/account.ts');
  });

  test('breaks no rule', () => {
    expect(reports.flatMap((report) => report.problems)).toEqual([]);
  });

  test('has no file or function that grew past its limit', () => {
    const baseline: unknown = JSON.parse(read('test/fixtures/style-baseline.json'));
    const lengths = reports.flatMap((report) => report.lengths);
    expect(ratchetProblems(lengths, asLengths(baseline))).toEqual([]);
  });

  test('has the table of CI steps in CONTRIBUTING.md as test/steps.ts has it', () => {
    const rows = STEPS.map((step) => `| ${step.name} | ${step.limitSeconds} s |`);
    const text = read('CONTRIBUTING.md');
    expect(rows.filter((row) => !text.includes(row))).toEqual([]);
    const total = STEPS.reduce((sum, step) => sum + step.limitSeconds, 0);
    expect(total).toBeLessThanOrEqual(CI_LIMIT_MINUTES * 60);
    expect(text).toContain(`| all | ${total} s |`);
  });
});

describe('the rules', () => {
  const DOC = '/** What it is. */\n';
  const problemsOf = (path: string, text: string) => checkStyle(path, text).problems;

  test.each([
    ['a line too wide', 'a.ts', `${DOC}// ${'x'.repeat(98)}\n`, 'a.ts:2: 101 columns'],
    ['a tab', 'a.ts', `${DOC}\tlet a;\n`, 'a.ts:2: a tab, control or non-ASCII character'],
    ['no doc comment', 'a.ts', 'let a;\n', 'a.ts:1: begins with a doc comment'],
    ['any', 'a.ts', `${DOC}let a: any;\n`, 'a.ts:2: no "any"'],
    ['a log call', 'a.ts', `${DOC}console.log(1);\n`, 'a.ts:2: "console.log" is left over'],
    ['a note', 'a.ts', `${DOC}// ${'TO' + 'DO'}\n`, `a.ts:2: "${'TO' + 'DO'}" is left over`],
    ['a test alone', 'a.ts', `${DOC}test.only('a');\n`, 'a.ts:2: "test.only" leaves tests out'],
    ['a test left out', 'a.ts', `${DOC}it.skip('a');\n`, 'a.ts:2: "it.skip" leaves tests out'],
    ['an empty name', 'b/utils.ts', DOC, 'b/utils.ts:1: the name "utils" says nothing'],
    ['no line feed', 'a.sql', 'select 1', 'a.sql:1: ends with a line feed'],
  ])('name %s', (_, path, text, problem) => {
    expect(problemsOf(path, text).join('\n')).toContain(problem);
  });

  test('let a good file pass', () => {
    expect(problemsOf('a/good.ts', `${DOC}export const one = 1;\n`)).toEqual([]);
  });

  test('measure functions and files, not suites', () => {
    const body = '  one();\n'.repeat(80);
    const text = `${DOC}function long() {\n${body}}\nconst f = () => {\n${body}};\n`;
    const suite = `describe('all', () => {\n${body}});\n`;
    expect(checkStyle('a.ts', text + suite).lengths).toEqual([
      { key: 'a.ts#long', lines: 82 },
      { key: 'a.ts#f', lines: 82 },
    ]);
  });

  test('let the baseline shrink only', () => {
    const lengths = [{ key: 'a.ts', lines: 300 }];
    expect(ratchetProblems(lengths, { 'a.ts': 300 })).toEqual([]);
    expect(ratchetProblems(lengths, { 'a.ts': 299 })).toEqual(['a.ts: grew from 299 to 300 lines']);
    expect(ratchetProblems(lengths, { 'a.ts': 301 })).toHaveLength(1);
    expect(ratchetProblems([], { 'a.ts': 301 })).toHaveLength(1);
    expect(ratchetProblems(lengths, {})).toEqual(['a.ts: 300 lines, over the limit']);
  });
});

function asLengths(value: unknown): Record<string, number> {
  const entries = Object.entries(typeof value === 'object' && value !== null ? value : {});
  return Object.fromEntries(entries.map(([key, lines]) => [key, Number(lines)]));
}
