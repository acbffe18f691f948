/** The client's version is that of the package. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { CLIENT_VERSION } from '#client/version.ts';
import { runCli } from '#test/support/bank-cli.ts';

test('is the one of package.json', async () => {
  const text: unknown = JSON.parse(readFileSync('package.json', 'utf8'));
  const { version } = z.object({ version: z.string() }).parse(text);
  expect(CLIENT_VERSION).toBe(version);
  const { stdout } = await runCli(['version']);
  expect(stdout).toBe(`bank ${version}, contract bank.v1, Node.js ${process.versions.node}\n`);
});
