/**
 * The project's rules about files, as functions from text to problems: each problem names file,
 * line and rule. Used by test/unit/style.test.ts over the whole tree. Text rules hold for every
 * kind of source file, syntax rules for TypeScript only. Lengths are reported beside the problems:
 * the test holds them against a baseline that may only shrink.
 */
import { basename } from 'node:path';
import { parseSync, Visitor } from 'vite';

export const LINE_COLUMNS_MAX = 100;
export const FILE_LINES_MAX = 250;
export const FUNCTION_LINES_MAX = 70;

const BANNED_NAMES = ['utils', 'util', 'helpers', 'helper', 'common', 'misc', 'manager', 'shared'];
const LEFTOVERS = ['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X', '@ts-' + 'ignore', '@ts-' + 'nocheck'];

/** `key` names a file (`path`) or one of its functions (`path#name`); `lines` is how long it is. */
export type Length = { key: string; lines: number };
export type StyleReport = { problems: string[]; lengths: Length[] };

export function checkStyle(path: string, text: string): StyleReport {
  const problems = [...nameProblems(path), ...textProblems(path, text)];
  if (!path.endsWith('.ts')) return { problems, lengths: [] };
  if (!/^(#!.*\n)?(\/\*\*|\/\/ )/.test(text)) problems.push(`${path}:1: begins with a doc comment`);
  const lines = text.split('\n').length - 1;
  const syntax = checkSyntax(path, text);
  const fileLength = lines > FILE_LINES_MAX ? [{ key: path, lines }] : [];
  return {
    problems: [...problems, ...syntax.problems],
    lengths: [...fileLength, ...syntax.lengths],
  };
}

/** What is wrong with the lengths, given those that were too long when the rule was made. */
export function ratchetProblems(
  lengths: readonly Length[],
  baseline: Readonly<Record<string, number>>,
): string[] {
  const found = new Map(lengths.map(({ key, lines }) => [key, lines]));
  const problems: string[] = [];
  for (const [key, lines] of found) {
    const allowed = baseline[key];
    if (allowed === undefined) problems.push(`${key}: ${lines} lines, over the limit`);
    else if (lines > allowed) problems.push(`${key}: grew from ${allowed} to ${lines} lines`);
    else if (lines < allowed) problems.push(`${key}: now ${lines} lines: lower the baseline`);
  }
  for (const key of Object.keys(baseline)) {
    if (!found.has(key)) problems.push(`${key}: within the limit: take it out of the baseline`);
  }
  return problems;
}

function nameProblems(path: string): string[] {
  const names = path.split('/').map((part) => basename(part).replace(/\..*$/, ''));
  return names
    .filter((name) => name.split('-').some((word) => BANNED_NAMES.includes(word.toLowerCase())))
    .map((name) => `${path}:1: the name "${name}" says nothing of what is inside`);
}

function textProblems(path: string, text: string): string[] {
  const problems: string[] = [];
  if (!text.endsWith('\n')) problems.push(`${path}:1: ends with a line feed`);
  text.split('\n').forEach((line, index) => {
    const at = `${path}:${index + 1}`;
    if (line.length > columnsMax(path, line)) problems.push(`${at}: ${line.length} columns`);
    // eslint-disable-next-line no-control-regex -- control characters are what is looked for
    if (/[^\x20-\x7e]/.test(line)) problems.push(`${at}: a tab, control or non-ASCII character`);
    if (/\s$/.test(line)) problems.push(`${at}: white space at its end`);
    for (const word of LEFTOVERS) {
      if (line.includes(word)) problems.push(`${at}: "${word}" is left over`);
    }
  });
  return problems;
}

/** buf format lays out what is not a comment in .proto files, and never breaks a line. */
function columnsMax(path: string, line: string): number {
  const laidOut = path.endsWith('.proto') && !line.trimStart().startsWith('//');
  return laidOut ? Infinity : LINE_COLUMNS_MAX;
}

function checkSyntax(path: string, text: string): StyleReport {
  const parsed = parseSync(path, text, { lang: 'ts', sourceType: 'module' });
  const report: StyleReport = { problems: [], lengths: [] };
  for (const error of parsed.errors) report.problems.push(`${path}:1: ${error.message}`);
  const lineAt = lineCounter(text);
  const problem = (start: number, rule: string) =>
    report.problems.push(`${path}:${lineAt(start)}: ${rule}`);
  const measure = (node: { start: number; end: number }, name: string) => {
    const lines = lineAt(node.end) - lineAt(node.start) + 1;
    if (lines > FUNCTION_LINES_MAX) report.lengths.push({ key: `${path}#${name}`, lines });
  };
  const suites = new Set<object>();
  new Visitor({
    TSAnyKeyword: (node) => void problem(node.start, 'no "any"'),
    CallExpression: (node) => {
      const called = text.slice(node.callee.start, node.callee.end);
      if (/^console\.(log|debug|dir|trace)$/.test(called)) {
        problem(node.start, `"${called}" is left over`);
      }
      if (/^(it|test|describe)\b.*\.(only|skip|todo)\b/.test(called)) {
        problem(node.start, `"${called}" leaves tests out`);
      }
      if (/^describe\b/.test(called)) for (const argument of node.arguments) suites.add(argument);
    },
    FunctionDeclaration: (node) => measure(node, node.id?.name ?? 'default'),
    FunctionExpression: (node) => measure(node, `line-${lineAt(node.start)}`),
    ArrowFunctionExpression: (node) => {
      if (!suites.has(node)) measure(node, arrowName(text, node.start));
    },
  }).visit(parsed.program);
  return report;
}

/**
 * The name that an arrow function is given where it stands, so that its key outlives moved lines.
 */
function arrowName(text: string, start: number): string {
  const before = text.slice(Math.max(0, start - 200), start);
  return /(\w+)\s*[=:]\s*$/.exec(before)?.[1] ?? /['"`](.+)['"`],\s*$/.exec(before)?.[1] ?? 'arrow';
}

function lineCounter(text: string): (offset: number) => number {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low + 1;
  };
}
