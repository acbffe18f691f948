/**
 * docs/operations.md and docs/settings.md against the code: each default that they state, in a
 * table or behind a variable's name, is the one that the code has, and each variable that they name
 * is read somewhere.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { sourceFiles } from '#test/support/source-files.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(`${root}/${path}`, 'utf8');

const DOCUMENTS = ['docs/operations.md', 'docs/settings.md'].map(read).join('\n');
const CODE = sourceFiles(root)
  .filter((path) => !path.startsWith('test/'))
  .map(read)
  .join('\n');

/** A row that ends with variables has their values in the cells before: `| 3; 100 | A, B |`. */
const ROW = /^\|.*?\|(.*)\| (BANK_\w+(?:, BANK_\w+)*) \|$/gm;
/** `BANK_X (10 s)`. */
const REMARK = /(BANK_\w+)`?\s\((\d[\d,]*)(?: (ms|s))?\b/g;
const DEFAULT = /(BANK_\w+): envInt\(\{[^}]*\bdefault: ([\d_]+)/g;

type Stated = readonly [variable: string, value: number];

describe('the documents', () => {
  const stated = [...inRows(), ...inRemarks()];

  test('states defaults', () => {
    expect(stated.length).toBeGreaterThan(20);
  });

  test.each(stated)('%s is %i in the code', (variable, value) => {
    const found = [...CODE.matchAll(DEFAULT)].find(([, name]) => name === variable);
    expect(Number(found?.[2]?.replaceAll('_', ''))).toBe(value);
  });

  test('names no variable that nothing reads', () => {
    const named = new Set(DOCUMENTS.match(/\bBANK_\w+/g));
    expect([...named].filter((name) => !new RegExp(`\\b${name}\\b`).test(CODE))).toEqual([]);
  });
});

function inRows(): Stated[] {
  return [...DOCUMENTS.matchAll(ROW)].flatMap(([row, cells = '', variables = '']) => {
    const values = cells.split(/[|;]/).map((cell) => cell.trim());
    const names = variables.split(', ');
    if (values.length !== names.length) throw new Error(`not a value a variable: ${row}`);
    return names.map((name, place): Stated => [name, Number(values[place])]);
  });
}

function inRemarks(): Stated[] {
  return [...DOCUMENTS.matchAll(REMARK)].map(([, name = '', digits = '', unit]) => [
    name,
    Number(digits.replaceAll(',', '')) * (unit === 's' ? 1_000 : 1),
  ]);
}
