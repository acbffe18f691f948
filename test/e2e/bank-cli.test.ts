/**
 * The CLI against the real bank: one story that uses every command, each answer held against what
 * the story did; in this process, and once as the process that people start.
 */
import { spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { waitForProjection } from '#test/support/check-projection.ts';
import { runCli, type CliOptions, type CliRun } from '#test/support/bank-cli.ts';
import { bankVariables } from '#deploy/contract/bank-command.ts';
import { openMesh, type Mesh } from '#test/support/mesh.ts';

const ADA = randomUUID();
const BEN = randomUUID();
const OWNER = `Ada ${ADA}`;
const HOLD = randomUUID();
const SALARY = randomUUID();
const RECEIPTS = z.object({
  receipt: z.object({
    accountId: z.string(),
    version: z.string(),
    balance: z.object({ minorUnits: z.string().default('0') }),
    replayed: z.boolean().default(false),
    storedAt: z.string().optional(),
  }),
});

describe('a bank from the command line', () => {
  let mesh: Mesh;
  let env: Record<string, string>;
  beforeAll(async () => {
    mesh = await openMesh({ command: 1, query: 1, projector: 1 });
    env = bankVariables(mesh.addresses);
  });
  afterAll(() => mesh.close());

  const bank = (args: readonly string[], options: CliOptions = {}): Promise<CliRun> =>
    runCli(args, { env, ...options });
  const done = async (...args: string[]): Promise<string> => {
    const run = await bank(args);
    expect(run, run.stderr).toMatchObject({ exitCode: 0 });
    return run.stdout;
  };
  const json = async (...args: string[]): Promise<unknown> =>
    JSON.parse(await done(...args, '--output', 'json'));
  /** The balance and version that a command's receipt tells, as minor units. */
  const receipt = async (...args: string[]): Promise<readonly [string, string]> => {
    const { balance, version } = RECEIPTS.parse(await json(...args)).receipt;
    return [balance.minorUnits, version];
  };

  test('opens accounts and moves money', async () => {
    const labels = ['--owner', OWNER, '--label', 'branch=Izmir'];
    expect(await receipt('open', 'EUR', ADA, ...labels)).toEqual(['0', '1']);
    expect(await receipt('open', 'EUR', BEN, '--wait')).toEqual(['0', '1']);
    const salary = ['deposit', ADA, '1250.00', 'EUR', '--operation-id', SALARY];
    const dated = [...salary, '--reference', 'Salary, June', '--value-date', '2026-06-30'];
    expect(await receipt(...dated, '--dry-run')).toEqual(['125000', '2']);
    expect(await receipt(...dated)).toEqual(['125000', '2']);
    expect(await json(...dated)).toMatchObject({ receipt: { version: '2', replayed: true } });
    expect(await receipt('withdraw', ADA, '50 EUR', '--if-version', '2')).toEqual(['120000', '3']);
    expect(await receipt('transfer', ADA, BEN, '250.00 EUR')).toEqual(['95000', '4']);
    expect(await receipt('hold', ADA, '300', 'EUR', '--hold-id', HOLD)).toEqual(['95000', '5']);
    const capture = ['capture', ADA, HOLD, '120.00 EUR'];
    expect(await receipt(...capture)).toEqual(['83000', '6']);
    expect(await receipt('release', ADA, HOLD)).toEqual(['83000', '7']);
    expect(await receipt('overdraft', ADA, '500.00 EUR')).toEqual(['83000', '8']);
    expect(await receipt('freeze', ADA, '--debits', '--reason', 'lost')).toEqual(['83000', '9']);
    expect(await bank(['withdraw', ADA, '1 EUR'])).toMatchObject({ exitCode: 1 });
    expect(await receipt('unfreeze', ADA, '--reason', 'found')).toEqual(['83000', '10']);
    const undone = ['reverse', ADA, SALARY, '--reason', 'paid twice'];
    expect(await receipt(...undone)).toEqual(['-42000', '11']);
    const swept = await json('close', BEN, '--sweep-to', ADA, '--wait');
    expect(swept).toMatchObject({ sweepReceipt: { accountId: ADA, version: '12' } });
    const operation = await done('operation', ADA, SALARY);
    expect(operation).toContain('type       money deposited\n');
  });

  test('shows what was done', async () => {
    const account = await done('get', ADA, '--min-version', '12');
    expect(account).toContain('balance    -170.00 EUR\navailable  330.00 EUR\n');
    expect(await json('list', '--owner', OWNER)).toMatchObject({
      accounts: [{ accountId: ADA, labels: { branch: 'Izmir' } }],
    });
    const newest = await done('entries', ADA, '--newest-first', '--limit', '2', '-o', 'csv');
    expect(newest.split('\r\n').map((line) => line.split(',')[0])).toEqual([
      'version',
      '12',
      '11',
      '',
    ]);
    const more = await bank(['entries', ADA, '--limit', '2']);
    expect(more.stderr).toBe('There is more than 2: ask for it by --limit.\n');
    const statement = await bank(['statement', ADA, '--output', 'ndjson']);
    expect(statement.stdout.trimEnd().split('\n').at(-1)).toContain('"entryCount":"12"');
    expect(await done('balance', ADA)).toContain('balance   -170.00 EUR\n');
    expect(await done('balance', ADA, '--version', '4')).toContain('balance   950.00 EUR\n');
    const events = await done('events', ADA, '--output', 'csv');
    expect(events.trimEnd().split('\r\n')).toHaveLength(13);
    const feed = await bank(['events', '--owner', OWNER]);
    expect(feed.stdout.split('\n').filter((line) => line.startsWith(ADA))).toHaveLength(12);
    expect(feed.stderr).toMatch(/^to go on from here: --resume-token \S+\n$/);
  });

  test('watches an account and follows the feed while money comes in', async () => {
    const arrived = Promise.withResolvers<void>();
    const stopping = new AbortController();
    const watching = bank(['watch', ADA, '--output', 'ndjson', '--limit', '1'], {
      onOutput: () => arrived.resolve(),
    });
    const feed = bank(['events', '--follow', '--owner', OWNER, '-o', 'ndjson'], {
      signal: stopping.signal,
      onOutput: (text) => {
        if (text.includes('"Bonus"')) stopping.abort();
      },
    });
    await arrived.promise;
    await done('deposit', ADA, '1.00 EUR', '--reference', 'Bonus');
    expect((await watching).stdout).toContain('"reference":"Bonus"');
    expect(await feed).toMatchObject({ exitCode: 130 });
  });

  test('holds bulk mode until it is stopped, or gives the lease away', async () => {
    const stopping = new AbortController();
    const held = bank(['mode', 'start', '--holder', ADA, '--reason', 'payroll'], {
      signal: stopping.signal,
      onOutput: () => stopping.abort(),
    });
    const { exitCode, stderr } = await held;
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(/^bulk mode is on; Ctrl-C ends it\n.*\n$/);
    const lease = await done(
      'mode',
      'start',
      '--detach',
      '--holder',
      ADA,
      '--ttl',
      '30s',
      '-o',
      'csv',
    );
    const id = lease.split('\r\n')[1]?.split(',')[0] ?? '';
    expect(await done('mode', 'show')).toContain(`${id} of ${ADA} until `);
    await done('mode', 'end', id);
    expect(await done('mode', 'show')).not.toContain(id);
  });

  test('tells how it stands, and whether all agrees', async () => {
    await waitForProjection(mesh.stores);
    const status = await bank(['status', '--once', '--interval', '10ms']);
    expect(status.stdout).toMatch(/^bank .*\n(.*\n)*throughput .*records\/s stored/);
    expect(status.stdout).toMatch(/\ndead letters {4}0, 0 accounts wait for them\nbulk mode /);
    const ops = await bank(['ops', 'status', '--output', 'json']);
    const facts: unknown = JSON.parse(ops.stdout);
    expect(facts).toMatchObject({ replicas: [{}, {}, {}], projection: { pipeline: {} } });
    expect(await json('ops', 'dead-letters')).toEqual({ deadLetters: [] });
    expect(await done('ops', 'retry', '--all')).toBe('applied  0\nfailed   0\n');
    const checked = await done('ops', 'reconcile', '--account', ADA, '--account', BEN);
    expect(checked).toMatch(/^2 accounts, \d+ events, 0 findings\n/);
    expect(await done('ops', 'verify', '--account', ADA)).toMatch(
      /^verified 13 events, 1 accounts/,
    );
    const nobody = await bank(['ops', 'verify', '--account', randomUUID()]);
    expect(nobody).toMatchObject({ exitCode: 1 });
  });

  test('makes the projection anew, or stops doing so', async () => {
    const started = await done('ops', 'rebuild', 'start', '-o', 'csv');
    const id = started.split('\r\n')[1]?.split(',')[0] ?? '';
    expect(await done('ops', 'rebuild', 'show')).toContain(`rebuild      ${id}\n`);
    await done('ops', 'rebuild', 'stop', id);
    const unready = await bank(['ops', 'rebuild', 'swap', id]);
    expect(unready).toMatchObject({ exitCode: 1, stdout: '' });
    expect(await done('ops', 'rebuild', 'drop', id)).toContain('state        dropped\n');
  });

  test('as a process: answers, and ends quietly when nobody reads', async () => {
    const entry = 'client/cli/main.ts';
    const inherited = { ...process.env, ...env, BANK_CONFIG: '/nowhere/config.yaml' };
    const got = spawnSync(process.execPath, [entry, 'balance', ADA], { env: inherited });
    expect(got.stdout.toString()).toContain('balance   -169.00 EUR\n');
    // Its reader is gone before it has anything to write.
    const listed = `{ "${process.execPath}" ${entry} entries ${ADA}; echo "ended $?" >&2; } | true`;
    const piped = spawn('bash', ['-c', listed], { env: inherited });
    let said = '';
    piped.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await new Promise((resolve) => piped.on('close', resolve));
    expect(said).toBe('ended 0\n');
  });
});
