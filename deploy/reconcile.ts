/**
 * npm run reconcile: asks a running projector to compare the projection with the events, and prints
 * each finding, how far it is, and the totals. Exit code 0 when nothing was found, 1 when something
 * was, 2 when the comparison could not be made.
 */
import { Command } from 'commander';
import { createBankClient } from '#client/bank-client.ts';
import { reconcileLine, uncomparedAccounts } from '#client/cli/reconcile-report.ts';
import { followReconciliation } from '#client/reconciliation.ts';
import type { ReconcileTotals } from '#proto/bank/v1/projector_service.ts';
import { collectAddresses } from './address-option.ts';
import { awaitService } from './await-service.ts';
import { errorText } from './error-text.ts';
import { toolAccess } from './tool-access.ts';

const EXIT = { agrees: 0, differs: 1, failed: 2 } as const;
const PROJECTOR = '127.0.0.1:50053';
const NOBODY = ['127.0.0.1:1'];

type Options = { readonly projector: string[]; readonly account: string[] };

function parseOptions(argv: readonly string[]): Options {
  const collect = (value: string, before: string[]): string[] => [...before, value];
  const command = new Command('npm run reconcile --')
    .description('Compares the projection with the events. Exit code 1 when they differ.')
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : EXIT.failed))
    .option('--projector <host:port...>', `every projector-svc (${PROJECTOR})`, collectAddresses)
    .option('--account <id>', 'only this account; repeatable', collect, [])
    .parse(argv);
  return { projector: [PROJECTOR], ...command.opts<Partial<Options> & Pick<Options, 'account'>>() };
}

async function main(): Promise<number> {
  const { projector, account } = parseOptions(process.argv);
  const client = createBankClient(
    { command: NOBODY, query: NOBODY, projector },
    toolAccess(projector),
  );
  try {
    await awaitService(client.projector, projector, '--projector');
    const messages = followReconciliation(client.projector, { accountIds: account });
    for await (const { part } of messages) {
      if (part !== undefined) process.stdout.write(`${reconcileLine(part)}\n`);
      if (part?.$case !== 'totals') continue;
      return exitCodeOf(part.value, account);
    }
    return EXIT.failed;
  } finally {
    client.close();
  }
}

function exitCodeOf(totals: ReconcileTotals, asked: readonly string[]): number {
  if (totals.findings > 0n) return EXIT.differs;
  const unknown = uncomparedAccounts(totals, asked);
  if (unknown === 0) return EXIT.agrees;
  console.error(`${unknown} of the accounts are in neither store: could not be compared`);
  return EXIT.failed;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(errorText(error));
  process.exitCode = EXIT.failed;
}
