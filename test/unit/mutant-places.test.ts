/** Each mutant finds what it takes away: the run that tries them is long, and by hand. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { MUTANTS } from '#test/mutants/mutants.ts';

test.each(MUTANTS)('$name stands once in $file', ({ file, find }) => {
  const text = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
  expect(text.split(find)).toHaveLength(2);
});
