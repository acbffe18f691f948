/**
 * `npm run test:mutants`: shows that the tests hold the rules that keep the ledger right. For each
 * mutant of test/mutants/mutants.ts it copies the tree, takes one rule away by one exact
 * replacement, runs the tests that must notice there, and expects red. It fails when a mutant stays
 * green, when its text is not found exactly once, or when the run broke without a failed test. Ends
 * with a table: mutant, the test that went red.
 *
 *     node test/mutants/run.ts [mutant ...]
 */
import { spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { MUTANTS, type Mutant } from '#test/mutants/mutants.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BIN = join(ROOT, 'node_modules', '.bin');
const MUTANT_LIMIT_MS = 180_000;
const NOT_COPIED = new Set(['node_modules', '.git', '.local', 'coverage']);

const Report = z.object({
  testResults: z.array(
    z.object({
      assertionResults: z.array(
        z.object({
          fullName: z.string(),
          status: z.string(),
          failureMessages: z.array(z.string()),
        }),
      ),
    }),
  ),
});
type Verdict = { mutant: Mutant; red: string[]; why: string; seconds: number };

async function main(): Promise<void> {
  const names = process.argv.slice(2);
  const unknown = names.filter((name) => !MUTANTS.some((mutant) => mutant.name === name));
  if (unknown.length > 0) throw new Error(`no mutant named ${unknown.join(', ')}`);
  const chosen = MUTANTS.filter(({ name }) => names.length === 0 || names.includes(name));
  await runControl(chosen);
  const verdicts: Verdict[] = [];
  for (const mutant of chosen) {
    process.stdout.write(`${mutant.name} ... `);
    const verdict = await tryMutant(mutant);
    const outcome = verdict.red.length > 0 ? 'red' : 'GREEN';
    process.stdout.write(`${outcome} in ${verdict.seconds.toFixed(0)} s\n`);
    verdicts.push(verdict);
  }
  process.stdout.write(`\n${table(verdicts)}\n`);
  const survived = verdicts.filter(({ red }) => red.length === 0);
  process.stdout.write(
    `${verdicts.length - survived.length} killed, ${survived.length} survived\n`,
  );
  process.exit(survived.length === 0 && verdicts.length > 0 ? 0 : 1);
}

/** The same tests on the tree as it is must be green, or red would say nothing. */
async function runControl(mutants: readonly Mutant[]): Promise<void> {
  process.stdout.write('the tree as it is ... ');
  const folder = mkdtempSync(join(tmpdir(), 'bank-mutant-'));
  try {
    copyTree(folder);
    for (const project of new Set(mutants.map((mutant) => mutant.project))) {
      const own = mutants.filter((mutant) => mutant.project === project);
      const files = [...new Set(own.map(({ testFile }) => testFile))];
      const { red, why, passed } = await runTests(folder, { project, files });
      if (red.length > 0 || passed === 0) {
        throw new Error(`the tests fail without a mutant: ${red.join('; ')} ${why}`);
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  process.stdout.write('green\n');
}

async function tryMutant(mutant: Mutant): Promise<Verdict> {
  const started = performance.now();
  const folder = mkdtempSync(join(tmpdir(), 'bank-mutant-'));
  try {
    copyTree(folder);
    mutate(folder, mutant);
    const { red, why } = await runTests(folder, { ...mutant, files: [mutant.testFile] });
    return { mutant, red, why, seconds: (performance.now() - started) / 1000 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function copyTree(folder: string): void {
  cpSync(ROOT, folder, {
    recursive: true,
    filter: (source) => !NOT_COPIED.has(basename(source)),
  });
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
}

function mutate(folder: string, { name, file, find, replace }: Mutant): void {
  const path = join(folder, file);
  const text = readFileSync(path, 'utf8');
  const places = text.split(find).length - 1;
  if (places !== 1) throw new Error(`${name}: its text stands ${places} times in ${file}`);
  writeFileSync(
    path,
    text.replace(find, () => replace),
  );
}

type TestRun = { project: string; files: readonly string[]; testName?: string };
type TestOutcome = { red: string[]; why: string; passed: number };

async function runTests(folder: string, tests: TestRun): Promise<TestOutcome> {
  const reportFile = join(folder, 'report.json');
  const args = ['run', '--project', tests.project, ...tests.files];
  if (tests.testName !== undefined) args.push('-t', tests.testName);
  args.push('--reporter=json', `--outputFile.json=${reportFile}`);
  const output = await run(folder, join(BIN, 'vitest'), args);
  if (!existsSync(reportFile)) {
    return { red: [], why: `no report: ${output.slice(-300)}`, passed: 0 };
  }
  const report = Report.parse(JSON.parse(readFileSync(reportFile, 'utf8')));
  const results = report.testResults.flatMap((result) => result.assertionResults);
  const passed = results.filter((result) => result.status === 'passed').length;
  const failed = results.filter((result) => result.status === 'failed');
  if (failed.length === 0) return { red: [], why: 'no test failed', passed };
  const why = failed[0]?.failureMessages[0]?.split('\n')[0] ?? '';
  return { red: failed.map((result) => result.fullName), why, passed };
}

function run(cwd: string, file: string, args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, PATH: `${BIN}:${process.env['PATH'] ?? ''}` };
    const child = spawn(file, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (bytes: Buffer) => (output = (output + bytes.toString()).slice(-4000)));
    }
    const limit = setTimeout(() => child.kill('SIGTERM'), MUTANT_LIMIT_MS);
    child.once('error', reject);
    child.once('exit', () => {
      clearTimeout(limit);
      resolve(output);
    });
  });
}

function table(verdicts: readonly Verdict[]): string {
  const lines = ['| mutant | the test that went red | what it said |', '|---|---|---|'];
  for (const { mutant, red, why } of verdicts) {
    const said = why.replaceAll('|', '/').slice(0, 160);
    lines.push(`| ${mutant.name} | ${red.join('; ') || 'NONE'} | ${said} |`);
  }
  return lines.join('\n');
}

await main();
