/**
 * npm run ops -- verify: asks a command-svc to verify the events, or holds the log against signed
 * checkpoints, and prints each finding, how far it is, and what was verified. Exit code 0 when
 * nothing was found, 1 when something was, 2 when it could not be verified.
 */
import type { Command } from 'commander';
import { createBankClient } from '#client/bank-client.ts';
import { followVerification } from '#client/verification.ts';
import {
  unverifiedAccounts,
  verifyFindingLine,
  verifyProgressLine,
} from '#client/cli/verify-report.ts';
import type { VerifyProgress } from '#proto/bank/v1/event_log_service.ts';
import { collectAddresses } from '../address-option.ts';
import { awaitService } from '../await-service.ts';
import { grouped } from '../demo/progress-bar.ts';
import { errorText } from '../error-text.ts';
import { toolAccess } from '../tool-access.ts';
import { asOwner } from './admin-clients.ts';
import { verifyCheckpoints } from './verify-checkpoints.ts';

const VERIFY_EXIT = { clean: 0, found: 1, failed: 2 } as const;

const ABOUT = `Computes the chain of each account's events again, from the table and from the log,
and names every event that was changed, removed, inserted or reordered. Exit code: 0 nothing found,
1 findings, 2 it could not be verified. With --checkpoints it asks no service, but computes the
running hashes of the log again and holds them against the signed lines of that file, as the owner:
BANK_ADMIN_EVENT_STORE_URL.`;
const COMMAND = '127.0.0.1:50051';
const NOBODY = ['127.0.0.1:1'];

type Options = {
  readonly command?: string[];
  readonly account: string[];
  readonly checkpoints?: string;
  readonly publicKey?: string;
  readonly renewed: string[];
};

export function addVerifyCommand(program: Command): void {
  const collect = (value: string, before: string[]): string[] => [...before, value];
  program
    .command('verify')
    .description(ABOUT)
    .option('--command <host:port...>', `every command-svc (${COMMAND})`, collectAddresses)
    .option('--account <id>', 'only this account; repeatable', collect, [])
    .option('--checkpoints <file>', 'signed checkpoints, instead of the events themselves')
    .option('--public-key <file>', 'of the key that signs them, PEM')
    .option('--renewed <log-id>', 'its lines are of before "renew"; repeatable', collect, [])
    .action(async (options: Options) => {
      const { checkpoints, publicKey, renewed } = options;
      const work = (): Promise<number> =>
        checkpoints === undefined ? verify(options) : verifyLog(checkpoints, publicKey, renewed);
      process.exitCode = await orFailed(work);
    });
}

async function orFailed(work: () => Promise<number>): Promise<number> {
  try {
    return await work();
  } catch (error) {
    console.error(errorText(error));
    return VERIFY_EXIT.failed;
  }
}

async function verify({ command: addresses = [COMMAND], account }: Options): Promise<number> {
  const client = createBankClient(
    { command: addresses, query: NOBODY, projector: NOBODY },
    toolAccess(addresses),
  );
  try {
    await awaitService(client.eventLog, addresses, '--command');
    const startedMs = performance.now();
    for await (const message of followVerification(client.eventLog, { accountIds: account })) {
      for (const finding of message.findings) say(verifyFindingLine(finding));
      const { progress } = message;
      if (progress === undefined) continue;
      say(verifyProgressLine(progress, performance.now() - startedMs));
      if (progress.complete) return exitCodeOf(progress, account);
    }
    return VERIFY_EXIT.failed;
  } finally {
    client.close();
  }
}

async function verifyLog(
  file: string,
  publicKey: string | undefined,
  renewed: readonly string[],
): Promise<number> {
  if (publicKey === undefined) throw new Error('--checkpoints needs --public-key');
  const { checkpoints, rows, findings, notes } = await asOwner(
    'BANK_ADMIN_EVENT_STORE_URL',
    (eventStore) => verifyCheckpoints(eventStore, file, publicKey, renewed),
  );
  for (const note of notes) say(`note: ${note}`);
  for (const finding of findings) say(`CHECKPOINT_MISMATCH ${finding}`);
  const counts = `${grouped(checkpoints)} checkpoints, ${grouped(rows)} rows of the log`;
  say(`verified ${counts}, ${grouped(findings.length)} findings`);
  if (findings.length > 0) return VERIFY_EXIT.found;
  if (checkpoints > 0) return VERIFY_EXIT.clean;
  console.error(`${file}: has no checkpoint of this log: nothing was verified`);
  return VERIFY_EXIT.failed;
}

function exitCodeOf(progress: VerifyProgress, asked: readonly string[]): number {
  if (progress.findings > 0n) return VERIFY_EXIT.found;
  const unknown = unverifiedAccounts(progress, asked);
  if (unknown === 0) return VERIFY_EXIT.clean;
  console.error(`${unknown} of the accounts have no events: could not be verified`);
  return VERIFY_EXIT.failed;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
