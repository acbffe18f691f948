/** Where the rejects of a run go: nothing else that stands there is moved away by them. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { rejectsPathOf, type RejectsPlace } from '#client/cli/bulk-rejects-path.ts';
import { folder } from './bulk-files.ts';

const path = join(folder, 'payroll.csv');
writeFileSync(path, 'x');
symlinkSync(path, join(folder, 'link.csv'));
mkdirSync(join(folder, 'taken.rejects.csv'));
const BESIDE: RejectsPlace = {
  path,
  name: 'payroll.csv',
  submissionId: 's',
  format: 'csv',
  given: undefined,
};

test('beside the file, where the command runs for a pipe, or where it is told', async () => {
  expect(await rejectsPathOf(BESIDE)).toBe(join(folder, 'payroll.rejects.csv'));
  expect(await rejectsPathOf({ ...BESIDE, path: '-', name: '' })).toBe('s.rejects.csv');
  expect(await rejectsPathOf({ ...BESIDE, given: join(folder, 'new') })).toBe(join(folder, 'new'));
});

test.each([
  ['a device', { given: '/dev/null' }, /no file/],
  ['a folder', { given: folder }, /no file/],
  ['a folder of the usual name', { name: 'taken.csv' }, /no file/],
  ['the file that is sent', { given: path }, /is the file that is sent/],
  ['a link to it', { given: join(folder, 'link.csv') }, /is the file that is sent/],
  ['a folder that is not there', { given: join(folder, 'nowhere', 'a.csv') }, /cannot be written/],
])('%s is refused before anything is sent', async (_, given, message) => {
  await expect(rejectsPathOf({ ...BESIDE, ...given })).rejects.toThrow(message);
});
