/**
 * npm run test:bulk-file: a file of a million lines through `bank bulk`, on a mesh of its own, with
 * everything that can come between: the client is killed twice, the network is cut once, the server
 * is killed once. Then the report, the rejects file and the reconciliation are held against what
 * the file says. Exit code 0 only when they agree.
 *
 *     npm run test:bulk-file -- --items 1000000
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { connectBank, type Bank } from '#client/connect-bank.ts';
import type { BankAddresses } from '#client/bank-client.ts';
import { BANK_PROGRAM, bankVariables } from '#deploy/contract/bank-command.ts';
import { startMesh, type Mesh } from '#deploy/local/mesh.ts';
import { until } from '#test/support/until.ts';
import { startToxiproxy, type Toxiproxy } from '../faults/mesh/toxiproxy.ts';
import { writeBulkFile, type BulkFilePlan } from './written-file.ts';

const FOLDER = fileURLToPath(new URL('../../.local/bulk-file', import.meta.url));
const AWAY_MS = 10_000;
const WAIT_MS = 30 * 60_000;
const Answer = z.object({
  submission: z.string(),
  accepted: z.string(),
  rejected: z.string(),
  malformed_lines: z.string(),
  visible: z.string(),
  seconds: z.string(),
  items_per_second: z.string(),
  rejects_file: z.string(),
});

const say = (text: string) => void process.stdout.write(`${text}\n`);
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const { values } = parseArgs({ options: { items: { type: 'string', default: '1000000' } } });
const items = Number(values.items);
const mesh = await startMesh({ dataFolder: FOLDER, progress: () => undefined });
const proxies = await startToxiproxy(`${FOLDER}-toxiproxy`, 1, () => undefined);
const straight = bankAt(mesh.addresses);
try {
  process.exitCode = (await run(straight)) ? 0 : 1;
} finally {
  straight.close();
  await proxies.part.stop();
  await mesh.stop();
}

async function run(bank: Bank): Promise<boolean> {
  const plan = await writeBulkFile(FOLDER, items);
  const addresses = await proxied(proxies, mesh);
  await ended(start(['bulk', plan.accountsPath, '--kind', 'accounts', '--quiet'], addresses));
  const args = ['bulk', plan.path, '--submission', plan.submissionId];
  say(`${items} lines, ${plan.accounts} accounts; load ${loadavg()[0]?.toFixed(1)}`);
  const startedMs = performance.now();
  for (const share of [0.1, 0.25]) {
    const child = start(args, addresses);
    await stored(bank, plan, share);
    child.kill('SIGKILL');
    await once(child, 'exit');
    say(`\nthe client is killed at ${share * 100} %`);
  }
  const last = start(['--output', 'json', ...args], addresses);
  const answering = answerOf(last);
  answering.catch(() => undefined); // told where it is awaited
  await stored(bank, plan, 0.55);
  say(`\nthe network is cut for ${AWAY_MS / 1_000} s at 55 %`);
  const names = ['command', 'projector'] as const;
  for (const name of names) await proxies.setUp(name, false);
  await pause(AWAY_MS);
  for (const name of names) await proxies.setUp(name, true);
  await stored(bank, plan, 0.75);
  say(`\ncommand-svc is killed, and away for ${AWAY_MS / 1_000} s, at 75 %`);
  const [command] = mesh.services.command;
  await command?.stop('SIGKILL');
  await pause(AWAY_MS);
  await command?.start();
  const { code, answer } = await answering;
  const seconds = (performance.now() - startedMs) / 1_000;
  say(`\n${JSON.stringify(answer, undefined, 2)}`);
  say(`exit code ${code}; ${seconds.toFixed(1)} s in all; load ${loadavg()[0]?.toFixed(1)}`);
  return (await checks(bank, plan, code, answer)).every((agrees) => agrees);
}

async function checks(
  bank: Bank,
  plan: BulkFilePlan,
  code: number | null,
  answer: z.infer<typeof Answer>,
): Promise<boolean[]> {
  const lines = readFileSync(answer.rejects_file, 'utf8').trim().split('\n').length - 1;
  const of = (reason: string) =>
    readFileSync(answer.rejects_file, 'utf8').split(`,${reason},`).length - 1;
  let findings: bigint | undefined;
  for await (const { part } of bank.reconcile()) {
    if (part?.$case !== 'totals') continue;
    findings = part.value.findings;
    say(`reconciled: ${part.value.accounts} accounts, ${findings} findings`);
  }
  const { submission } = await bank.getSubmission({ submissionId: plan.submissionId });
  const [amount] = submission?.acceptedAmounts ?? [];
  const agree = (what: string, seen: unknown, wanted: unknown): boolean => {
    const agrees = String(seen) === String(wanted);
    say(`${agrees ? 'as it must be' : 'DIFFERS'}: ${what} ${String(seen)}, of ${String(wanted)}`);
    return agrees;
  };
  return [
    agree('exit code', code, 3),
    agree('accepted', answer.accepted, plan.payable),
    agree('visible', answer.visible, plan.payable),
    agree('minor units', amount?.minorUnits, plan.minorUnits),
    agree('rejected', answer.rejected, plan.unknown),
    agree('malformed', answer.malformed_lines, plan.malformed),
    agree('lines of the rejects file', lines, plan.unknown + plan.malformed),
    agree('of them of unknown accounts', of('ACCOUNT_NOT_FOUND'), plan.unknown),
    agree('findings of reconciliation', findings, 0n),
  ];
}

async function proxied({ stand }: Toxiproxy, { addresses }: Mesh) {
  const at = async (name: 'command' | 'query' | 'projector') => {
    const port = await stand(name, Number(addresses[name][0]?.split(':').at(-1)));
    return [`127.0.0.1:${port}`];
  };
  const [command, query, projector] = [
    await at('command'),
    await at('query'),
    await at('projector'),
  ];
  return { command, query, projector };
}

function start(args: readonly string[], addresses: BankAddresses) {
  const env = { ...process.env, ...bankVariables(addresses) };
  return spawn(process.execPath, [BANK_PROGRAM, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env,
  });
}

async function ended(child: ReturnType<typeof start>): Promise<number | null> {
  child.stdout.resume();
  await once(child, 'close');
  return child.exitCode;
}

async function answerOf(child: ReturnType<typeof start>) {
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await once(child, 'close');
  return { code: child.exitCode, answer: Answer.parse(JSON.parse(text)) };
}

async function stored(bank: Bank, { submissionId }: BulkFilePlan, share: number): Promise<void> {
  const isThere = async () => {
    const found = await bank.getSubmission({ submissionId }).catch(() => undefined);
    const { accepted = 0n, rejected = 0n } = found?.submission ?? {};
    return Number(accepted + rejected) >= share * items;
  };
  await until(`${share * 100} % stored`, isThere, { timeoutMs: WAIT_MS, everyMs: 100 });
}

function bankAt({ command, query, projector }: Mesh['addresses']): Bank {
  return connectBank({ command, query, projector });
}
