/**
 * npm run example:bulk: what bulk work looks like for a caller. Opens 10,000 accounts, sends
 * 200,000 deposits as one stream (automatic bulk mode) and as direct batches under a lease (manual
 * bulk mode), shows per-item results, a transactional batch that is rolled back, the settings of
 * every replica before, during and after, and what each way brings. On the running bank (npm
 * start), or on one of its own.
 */
import { uploadAccounts } from '#client/bulk-upload.ts';
import { uuidV7 } from '#platform/uuid.ts';
import { OpenAccountRequest } from '#proto/bank/v1/account_command_service.ts';
import type { GetBulkModeResponse } from '#proto/bank/v1/bulk_mode_service.ts';
import type { DepositItem } from '#proto/bank/v1/bulk_service.ts';
import { grouped } from '../demo/progress-bar.ts';
import { errorText } from '../error-text.ts';
import { onStopSignal } from '../local/stop-signals.ts';
import { rolledBackBatch } from './atomic-batch.ts';
import { openExampleBank } from './example-bank.ts';
import { underBulkMode } from './mode-lease.ts';
import { modeDuring, readMode, settingsTable, untilMode } from './mode-settings.ts';
import { parseSizes, type ExampleSizes } from './sizes.ts';
import { resultLines, waysTable } from './tables.ts';
import {
  byBatches,
  byCalls,
  byStream,
  depositOperation,
  submitBatch,
  untilRead,
  type Ways,
  type WayTimes,
} from './ways.ts';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function main(): Promise<void> {
  const sizes = parseSizes(process.argv);
  const stopping = new AbortController();
  onStopSignal((reason) => stopping.abort(new Error(`stopped by ${reason}`)));
  const bank = await openExampleBank(stopping.signal, say);
  try {
    await example({ bank, signal: stopping.signal }, sizes);
  } finally {
    await bank.stop();
  }
}

async function example(ways: Ways, sizes: ExampleSizes): Promise<void> {
  const { bulkMode } = ways.bank;
  const reports: Record<string, GetBulkModeResponse> = { before: await readMode(bulkMode) };
  const ids = Array.from({ length: sizes.accounts }, () => uuidV7());
  say(`\nopening ${grouped(ids.length)} accounts by a stream ...`);
  const opened = await openAccounts(ways, ids);
  say(`${grouped(ids.length)} accounts opened in ${opened} ms`);
  const deposits = depositsTo(ids, sizes.deposits);
  const times: Record<string, WayTimes> = {};
  const timed = async <T extends WayTimes>(
    way: string,
    send: (deposits: readonly DepositItem[]) => Promise<T>,
    sent: readonly DepositItem[] = deposits,
  ): Promise<T> => {
    say(`${grouped(sent.length)} deposits: ${way} ...`);
    return (times[way] = await send(sent));
  };
  const few = deposits.slice(0, sizes.calls);
  await timed('one call each, normal mode', (sent) => byCalls(ways, sent), few);
  await timed('direct batches, normal mode', (sent) => byBatches(ways, sent, ''));

  const streaming = timed('one stream, automatic bulk mode', (sent) => byStream(ways, sent));
  const during = modeDuring(bulkMode, streaming, ways.signal);
  [, reports['stream']] = await Promise.all([streaming, during]);
  reports['after'] = await untilMode(bulkMode, false, ways.signal);

  const manual = await underBulkMode(bulkMode, async (leaseId) => {
    reports['lease'] = await untilMode(bulkMode, true, ways.signal);
    return await timed('direct batches, manual bulk mode', (sent) =>
      byBatches(ways, sent, leaseId),
    );
  });
  reports['ended'] = await untilMode(bulkMode, false, ways.signal);

  say('\nper-item results of a direct batch, each for itself:');
  resultLines(manual.results).forEach(say);
  say('and of one with an unknown account in it:');
  resultLines(await oneRefused(ways, deposits.slice(0, 2))).forEach(say);
  say('\na transactional batch:');
  (await rolledBackBatch(ways, deposits.slice(0, sizes.atomic))).forEach((line) =>
    say(`  ${line}`),
  );
  say('\nsettings in force, by each replica: before, under the stream, after it, under the lease');
  settingsTable(reports).forEach((line) => say(`  ${line}`));
  say(
    '\nnormal against bulk, deposits a second; times: how many times the readable/s of the first',
  );
  waysTable(times).forEach((line) => say(`  ${line}`));
}

async function openAccounts({ bank, signal }: Ways, ids: readonly string[]): Promise<number> {
  const submissionId = `example-${uuidV7()}`;
  const startedMs = performance.now();
  const requests = ids.map((accountId) =>
    OpenAccountRequest.fromPartial({ accountId, currencyCode: 'EUR', owner: 'Example' }),
  );
  async function* source(from: number): AsyncGenerator<readonly OpenAccountRequest[], void, void> {
    yield requests.slice(from);
  }
  await uploadAccounts(bank.client.bulk, source, { submissionId, signal });
  await untilRead({ bank, signal }, submissionId);
  return Math.round(performance.now() - startedMs);
}

function depositsTo(ids: readonly string[], count: number): DepositItem[] {
  return Array.from({ length: count }, (_, index) => ({
    accountId: ids[(index * 7_919) % ids.length] ?? '',
    amount: { currencyCode: 'EUR', minorUnits: BigInt(100 + (index % 900)) },
    operationId: '',
    reference: `example ${index}`,
    valueDate: '',
  }));
}

async function oneRefused(ways: Ways, deposits: readonly DepositItem[]) {
  const operations = deposits.map((deposit, index) =>
    depositOperation(index === 1 ? { ...deposit, accountId: uuidV7() } : deposit),
  );
  return await submitBatch(ways, `example-${uuidV7()}`, operations, '');
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${errorText(error)}\n`);
    process.exit(1);
  },
);
