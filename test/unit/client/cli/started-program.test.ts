/** `bank` as users start it in a checkout, by npm: it finds files from where the person is. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, expect, test } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'bank-started-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('a file is looked for in the folder of the person, not in that of package.json', async () => {
  writeFileSync(join(folder, 'here.csv'), 'konto,betrag\n');
  const args = ['--prefix', process.cwd(), 'run', '-s', 'bank', '--', 'bulk', 'here.csv'];
  const npm = spawn('npm', args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  expect(await text(npm.stderr)).toContain('The header has: konto | betrag');
});
