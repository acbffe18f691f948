/**
 * The published client in a user's empty folder: its README is one program that runs against the
 * mesh on Node 22 and 24, and a TypeScript program finds its types. What it imports is what its
 * manifest names, in the versions that the project is tested with.
 */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { bankVariables } from '#deploy/contract/bank-command.ts';
import { silent } from '#deploy/local/progress.ts';
import { openMesh, type Mesh } from '#test/support/mesh.ts';
import { findNode22 } from '#test/support/node-22.ts';
import { packClient, ROOT, type PackedClient } from '#test/support/packed-client.ts';

const run = promisify(execFile);
const SNIPPET = /^```js\n(.*?)^```$/gms;
const PROGRAM_TIMEOUT_MS = 30_000;

const RootManifest = z.object({
  version: z.string(),
  dependencies: z.record(z.string(), z.string()),
});

describe('the packed client', () => {
  let mesh: Mesh;
  let client: PackedClient;
  beforeAll(async () => {
    [client, mesh] = await Promise.all([
      packClient(),
      openMesh({ command: 2, query: 1, projector: 1 }),
    ]);
  });
  afterAll(async () => {
    await mesh.close();
    await rm(client.folder, { recursive: true });
  });

  const addresses = () => ({
    BANK_COMMAND: mesh.addresses.command[0],
    BANK_QUERY: mesh.addresses.query[0],
    BANK_PROJECTOR: mesh.addresses.projector[0],
  });

  test.each([
    ['Node 24', () => Promise.resolve(process.execPath)],
    ['Node 22', () => findNode22(silent)],
  ])('runs the examples of its README on %s', async (_name, findNode) => {
    const node = await findNode();
    const readme = await readFile(join(installed(client), 'README.md'), 'utf8');
    const snippets = [...readme.matchAll(SNIPPET)].map(([, code = '']) => code);
    expect(snippets.length).toBeGreaterThanOrEqual(10);
    const program = join(client.folder, 'examples.mjs');
    await writeFile(program, snippets.join('\n'));
    const options = { cwd: client.folder, env: addresses(), timeout: PROGRAM_TIMEOUT_MS };
    const { stdout } = await run(node, [program], options);
    expect(stdout.split('\n')).toEqual([
      'Ada 100.00 EUR',
      'FAILED_PRECONDITION INSUFFICIENT_FUNDS',
      'account_id must be a UUID: 8-4-4-4-12 hexadecimal digits',
      'amount.minor_units must be above 0',
      '50000n 0n 50000',
      "[ 'receipt', 'receipt' ]",
      '0n stored',
      '1n stored',
      '2n INSUFFICIENT_FUNDS',
      '309.00 EUR',
      expect.stringMatching(/^[0-9a-f-]{36} \d+n$/),
      '25003n 282.00 EUR',
      '',
    ]);
  });

  test('has the command line, on Node 22, too', async () => {
    const node = await findNode22(silent);
    const bank = join(installed(client), client.manifest.bin['bank'] ?? '');
    const env = bankVariables(mesh.addresses);
    const id = randomUUID();
    const options = { cwd: client.folder, env, timeout: PROGRAM_TIMEOUT_MS };
    await run(node, [bank, 'open', 'EUR', id, '--owner', 'Ada', '--wait'], options);
    const { stdout } = await run(node, [bank, 'get', id, '--output', 'json'], options);
    expect(JSON.parse(stdout)).toMatchObject({ account: { accountId: id, owner: 'Ada' } });
  });

  test('has types for a strict TypeScript program', async () => {
    const check = (source: string) =>
      writeFile(join(client.folder, 'program.ts'), source).then(() =>
        run(join(ROOT, 'node_modules/.bin/tsc'), [...TSC_FLAGS, 'program.ts'], {
          cwd: client.folder,
        }),
      );
    await check(TYPED_PROGRAM);
    const wrong = TYPED_PROGRAM.replace('accountId: id', 'account: id');
    const stdout: unknown = expect.stringContaining("'account' does not exist");
    await expect(check(wrong)).rejects.toMatchObject({ stdout });
  });

  test('imports what its manifest names, in the versions of the project', async () => {
    const root = RootManifest.parse(JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')));
    const { manifest, files } = client;
    expect(manifest.version).toBe(root.version);
    expect(files).toContain('LICENSE');
    expect(root.dependencies).toMatchObject(manifest.dependencies);
    const scripts = files.filter((path) => path.endsWith('.js'));
    const texts = await Promise.all(
      scripts.map((path) => readFile(join(installed(client), path), 'utf8')),
    );
    const imported = texts.flatMap((text) =>
      [...text.matchAll(/^import .*? from "([^"./][^"]*)";$/gm)].map(([, name = '']) => name),
    );
    const packages = imported
      .filter((name) => !name.startsWith('node:'))
      .map((name) =>
        name
          .split('/')
          .slice(0, name.startsWith('@') ? 2 : 1)
          .join('/'),
      );
    expect([...new Set(packages)].toSorted()).toEqual(
      Object.keys(manifest.dependencies).toSorted(),
    );
  });
});

function installed({ folder, manifest }: PackedClient): string {
  return join(folder, 'node_modules', manifest.name);
}

const TSC_FLAGS =
  '--noEmit --strict --target es2024 --lib es2024 --module nodenext --types node'.split(' ');

const TYPED_PROGRAM = `
import { BankError, connectBank, money, type Account, type Bank } from '@banking-es/client';

const bank: Bank = connectBank({ command: ['127.0.0.1:1'] });
export async function payIn(id: string): Promise<Account | undefined> {
  try {
    const { receipt } = await bank.deposit({ accountId: id, amount: money('1.00 EUR') });
    const version: bigint = receipt?.version ?? 0n;
    const { account } = await bank.getAccount({ accountId: id, minVersion: version });
    return account;
  } catch (error) {
    if (error instanceof BankError && error.reason === 'ACCOUNT_NOT_FOUND') return undefined;
    throw error;
  }
}
`;
