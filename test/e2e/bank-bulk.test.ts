/**
 * `bank bulk` as a process: a file with broken lines and unknown accounts, whose sender is killed
 * (-9) in mid-stream and run again; its rejects, corrected, as a file of their own; Ctrl-C; a dry
 * run.
 */
import { execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { EXIT_CODES } from '#client/cli/command-context.ts';
import { BANK_PROGRAM, bankVariables } from '#deploy/contract/bank-command.ts';
import { repositoryRoot } from '#deploy/contract/contract-files.ts';
import { compileCache, openMesh, type Mesh } from '#test/support/mesh.ts';
import { storedItems } from '#test/support/stored-counts.ts';
import { until } from '#test/support/until.ts';

const HEADER = 'account_id,amount,reference';
const ITEMS = 20_000;
const BROKEN_EVERY = 5_000;
const accounts = Array.from({ length: 100 }, () => randomUUID());
const nobody = randomUUID();

describe('bank bulk', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bank-bulk-e2e-'));
  const file = (name: string, lines: readonly string[]): string => {
    const path = join(folder, name);
    writeFileSync(path, `${lines.join('\n')}\n`);
    return path;
  };
  let mesh: Mesh;
  beforeAll(async () => {
    mesh = await openMesh({ command: 1, projector: 1 });
  });
  afterAll(async () => {
    await mesh.close();
    rmSync(folder, { recursive: true });
  });

  test('opens accounts, pays them once, and tells who could not be paid', async () => {
    const opening = ['account_id,currency,label.run', ...accounts.map((id) => `${id},EUR,e2e`)];
    const opened = await bank(['bulk', file('accounts.csv', opening), '--kind', 'accounts']);
    expect(opened).toMatchObject({ code: EXIT_CODES.done, answer: { accepted: '100' } });

    const path = file('payroll.csv', [HEADER, ...payroll()]);
    const args = ['bulk', path, '--currency', 'EUR', '--submission', `e2e-${randomUUID()}`];
    await killedHalfWay([...args, '--concurrency', '1']);
    const { code, answer } = await bank(args);
    expect(code).toBe(EXIT_CODES.someRefused);
    const counts = { accepted: '19992', rejected: '4', malformed_lines: '4', visible: '19992' };
    expect(answer).toMatchObject({ ...counts, state: 'closed', amounts: ['199920.00 EUR'] });
    expect(Number(answer['resumed_at_item'])).toBeGreaterThan(0);
    expect(Number(answer['resumed_at_item'])).toBeLessThan(ITEMS);
    expect(await paid()).toBe(19_992n * 1_000n);

    const rejects = join(folder, 'payroll.rejects.csv');
    const [header, ...lines] = readFileSync(rejects, 'utf8').trim().split('\n');
    expect(header).toBe(`${HEADER},reason,message,field`);
    const reasons = lines.map((line) => /MALFORMED_LINE|ACCOUNT_NOT_FOUND/.exec(line)?.[0]);
    expect(reasons).toEqual(
      Array.from({ length: 8 }, (_, n) => (n % 2 === 0 ? 'MALFORMED_LINE' : 'ACCOUNT_NOT_FOUND')),
    );
    const [account = ''] = accounts;
    const corrected = lines.map((line) =>
      line.replace(nobody, account).replace(',ten,', ',10.00,'),
    );
    const again = file('corrected.csv', [header ?? '', ...corrected]);
    const second = await bank(['bulk', again, '--currency', 'EUR', '--expect-items', '8']);
    expect(second).toMatchObject({ code: EXIT_CODES.done, answer: { accepted: '8' } });
    expect(await paid()).toBe(BigInt(ITEMS) * 1_000n);
  });

  test('says what is stored after one Ctrl-C, which every process of the job gets', async () => {
    const submission = `e2e-${randomUUID()}`;
    const path = file('stopped.csv', [HEADER, ...payroll()]);
    const args = ['bulk', path, '--currency', 'EUR', '--submission', submission];
    const program = [join(repositoryRoot, 'deploy/bank.mjs'), ...args, '--concurrency', '1'];
    const child = spawn(process.execPath, program, {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: env(),
      detached: true, // a process group of its own, as a terminal's job is
    });
    const said = text(child.stderr);
    const ended = once(child, 'exit');
    await firstStored(submission);
    process.kill(-z.number().parse(child.pid), 'SIGINT');
    expect(await ended).toEqual([EXIT_CODES.interrupted, null]);
    expect(await said).toMatch(
      /interrupted\. [\d,]+ items are stored in .* the same command again/,
    );
  });

  test('does not go on with another file, nor close with other totals', async () => {
    const [account = ''] = accounts;
    const lines = Array.from({ length: 3 }, (_, n) => `${account},1.00 EUR,${n}`);
    const args = (name: string, of: readonly string[]): string[] => {
      const path = file(name, [HEADER, ...of]);
      return ['bulk', path, '--submission', submission];
    };
    const submission = `e2e-${randomUUID()}`;
    const wrong = await bank([...args('a.csv', lines), '--expect-total', '4.00 EUR']);
    expect(wrong).toMatchObject({ code: EXIT_CODES.refused, answer: { state: 'open' } });
    const changed = await bank(args('b.csv', lines.slice(1)));
    expect(changed.code).toBe(EXIT_CODES.refused);
    expect(changed.errors).toContain('the source has only 2');
    const shifted = await bank(args('c.csv', [lines[1] ?? '', ...lines]));
    expect(shifted.errors).toContain(`is not what ${submission} has stored of it`);
    const right = await bank([...args('a.csv', lines), '--expect-total', '3.00 EUR']);
    expect(right).toMatchObject({ code: EXIT_CODES.done, answer: { state: 'closed' } });
    const shown = await bank(['submission', submission, '--watch']);
    expect(shown).toMatchObject({ code: EXIT_CODES.done, answer: { visible: '3' } });
  });

  test('says in a dry run what would become of each line, and stores nothing', async () => {
    const path = file('dry.csv', [HEADER, ...payroll().slice(-5)]);
    const before = await paid();
    const submission = `e2e-${randomUUID()}`;
    const args = ['--currency', 'EUR', '--submission', submission];
    const { code, answer } = await bank(['bulk', path, '--dry-run', ...args]);
    expect(code).toBe(EXIT_CODES.someRefused);
    const totals = { items: '4', accepted: '3', rejected: '1', malformed: '1' };
    expect(answer).toMatchObject({ totals: { ...totals, amounts: ['30.00 EUR'] } });
    expect(await storedItems(mesh.stores, submission)).toBe(0);
    expect(await paid()).toBe(before);
  });

  async function killedHalfWay(args: readonly string[]): Promise<void> {
    const child = spawn(process.execPath, [BANK_PROGRAM, ...args], { stdio: 'ignore', env: env() });
    const ended = once(child, 'exit');
    const submission = args[args.indexOf('--submission') + 1] ?? '';
    await firstStored(submission);
    child.kill('SIGKILL');
    expect(await ended).toEqual([null, 'SIGKILL']);
  }

  async function firstStored(submission: string): Promise<void> {
    await until(
      'the first stored items',
      async () => (await storedItems(mesh.stores, submission)) > 0,
    );
  }

  /** The CLI run to its end; its answer as JSON. */
  function bank(args: readonly string[]): Promise<Ended> {
    return new Promise((resolve) => {
      const all = [BANK_PROGRAM, '--output', 'json', ...args];
      const child = execFile(process.execPath, all, { env: env() }, (_, stdout, errors) => {
        const answer = Answer.parse(JSON.parse(stdout === '' ? '{}' : stdout));
        resolve({ code: child.exitCode, answer, errors });
      });
    });
  }

  function env(): NodeJS.ProcessEnv {
    return { ...process.env, ...bankVariables(mesh.addresses), ...compileCache(mesh.stack) };
  }

  async function paid(): Promise<bigint> {
    const { rows } = await mesh.stores.projectionStore.query<{ sum: bigint }>(
      `select coalesce(sum(amount_minor), 0)::bigint as sum
         from entries where account_id = any($1)`,
      [accounts],
    );
    return rows[0]?.sum ?? 0n;
  }
});

const Answer = z.record(z.string(), z.unknown());
type Ended = {
  readonly code: number | null;
  readonly answer: z.infer<typeof Answer>;
  readonly errors: string;
};

/** Of each 5,000 lines one is broken and one is for an account that nobody has opened. */
function payroll(): string[] {
  return Array.from({ length: ITEMS }, (_, n) => {
    const account = accounts[n % accounts.length] ?? '';
    if (n % BROKEN_EVERY === BROKEN_EVERY - 4) return `${account},ten,${n}`;
    if (n % BROKEN_EVERY === BROKEN_EVERY - 2) return `${nobody},10.00,${n}`;
    return `${account},10.00,${n}`;
  });
}
