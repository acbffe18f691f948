/**
 * `bank bulk FILE`: a file of deposits or accounts, sent to its end, with a report, a rejects file
 * and an exit code by outcome. Sent again after whatever has ended it, it goes on.
 */
import type { Command } from 'commander';
import type { Bank } from '../connect-bank.ts';
import { BankError } from '../bank-error.ts';
import { ItemsDifferError, ItemsMissingError } from '../upload-parts.ts';
import { dryRun } from './bulk-dry-run.ts';
import { BULK_HELP } from './bulk-help.ts';
import { controlTotalsOf, parseBulkOptions, type BulkOptions } from './bulk-options.ts';
import { planBulk, type BulkPlan } from './bulk-plan.ts';
import { grouped, showProgress, type BulkProgress } from './bulk-progress.ts';
import { listRejections } from './bulk-rejections.ts';
import { writeRejects } from './bulk-rejects.ts';
import { submissionReport, writeReport } from './bulk-report.ts';
import { runBulk, submissionOf, type BulkStored } from './bulk-run.ts';
import { BULK_LIMITS } from './bulk-limits.ts';
import { CommandError, EXIT_CODES, type CommandContext } from './command-context.ts';

export function addBulkCommand(
  program: Command,
  contextOf: (command: Command) => CommandContext,
): void {
  const collect = (value: string, before: string[]): string[] => [...before, value];
  const { streams, giveUpAfterMs } = BULK_LIMITS;
  program
    .command('bulk')
    .description('send a file of deposits or of accounts to open, of any size')
    .argument('<file>', 'CSV or NDJSON, plain, gzip or zstd; - for a pipe')
    .option('--kind <kind>', 'what its lines are: deposits or accounts', 'deposits')
    .option('--format <format>', 'csv or ndjson; default: by the name of the file')
    .option('--map <field=column,...>', 'columns under other names; repeatable', collect, [])
    .option('--currency <code>', 'of amounts that name none')
    .option('--decimal-comma', 'amounts are 1.234,50 rather than 1234.50', false)
    .option('--delimiter <character>', 'between the columns of CSV; or tab', ',')
    .option('--encoding <name>', 'of the text, as windows-1252', 'utf-8')
    .option('--submission <id>', 'default: of the name of the file and its content')
    .option('--rejects <file>', 'lines that were refused; default: FILE.rejects.csv')
    .option('--expect-items <n>', 'closed only when the items are so many')
    .option('--expect-total <amount>', 'closed only with this sum; repeatable', collect, [])
    .option('--concurrency <n>', 'streams side by side', String(streams))
    .option('--give-up-after <time>', 'without progress', `${giveUpAfterMs / 60_000}m`)
    .option('--no-wait', 'end when all is stored, before all can be read')
    .option('--dry-run', 'show what would become of each line; nothing is stored', false)
    .option('--quiet', 'no progress', false)
    .addHelpText('after', BULK_HELP)
    .action(async (file: string, given: unknown, command: Command) => {
      await bulk(file, parseBulkOptions(given), contextOf(command));
    });
}

async function bulk(path: string, options: BulkOptions, context: CommandContext): Promise<void> {
  const controlTotals = controlTotalsOf(options);
  const plan = await planBulk(path, options, context);
  try {
    if (options.dryRun) {
      const { refused } = await dryRun(context.connect(), plan, context);
      if (refused > 0)
        throw new CommandError(`${grouped(refused)} would be refused`, EXIT_CODES.someRefused);
      return;
    }
    await send(path, plan, { ...options, controlTotals }, context);
  } catch (error) {
    throw sourceError(error);
  } finally {
    await plan.close();
  }
}

type SendOptions = BulkOptions & { readonly controlTotals: ReturnType<typeof controlTotalsOf> };

async function send(
  path: string,
  plan: BulkPlan,
  options: SendOptions,
  context: CommandContext,
): Promise<void> {
  const bank = context.connect();
  const { signal, stderr } = context;
  const startedMs = performance.now();
  const before = await submissionOf(bank, plan.submissionId, { signal });
  if (!options.quiet) stderr.write(`${openingLine(plan, before?.nextItemIndex)}\n`);
  const progress: BulkProgress = {
    stored: Number(before?.nextItemIndex ?? 0n),
    visible: 0,
    rejected: 0,
    malformed: 0,
    expected: plan.lines,
    resumedAt: Number(before?.nextItemIndex ?? 0n),
    waits: options.wait,
    broken: undefined,
  };
  const line = showProgress(progress, stderr, options.quiet);
  let stored: BulkStored;
  try {
    stored = await runBulk(bank, plan, before, progress, {
      concurrency: options.concurrency,
      giveUpAfterMs: options.giveUpAfter,
      controlTotals: options.controlTotals,
      waits: options.wait,
      signal,
    });
  } catch (error) {
    line.close();
    throw await withFarewell(bank, plan, path, error, signal);
  }
  line.close();
  await report(bank, plan, stored, progress, startedMs, context);
}

async function report(
  bank: Bank,
  plan: BulkPlan,
  { submission, mismatch }: BulkStored,
  { malformed, resumedAt, visible, waits }: BulkProgress,
  startedMs: number,
  context: CommandContext,
): Promise<void> {
  const { rejectsPath, submissionId } = plan;
  const { signal } = context;
  const seconds = (performance.now() - startedMs) / 1_000;
  const refused = Number(submission.rejected) + malformed;
  if (refused > 0) {
    const rejections = listRejections(bank, submissionId, signal);
    const request = { path: rejectsPath, rejections, signal };
    await (plan.kind === 'deposits'
      ? writeRejects({ ...request, file: plan.file })
      : writeRejects({ ...request, file: plan.file }));
  }
  const sent = Number(submission.accepted + submission.rejected + submission.replayed) - resumedAt;
  writeReport(
    {
      ...submissionReport(submission),
      malformed_lines: BigInt(malformed),
      ...(waits && mismatch === undefined ? { visible: BigInt(visible) } : {}),
      ...(resumedAt > 0 ? { resumed_at_item: BigInt(resumedAt) } : {}),
      seconds: seconds.toFixed(1),
      items_per_second: BigInt(Math.round(sent / Math.max(seconds, 0.001))),
      rejects_file: refused > 0 ? rejectsPath : undefined,
    },
    context,
  );
  if (mismatch !== undefined) throw mismatchError(mismatch, malformed, submissionId);
  if (refused > 0) {
    const what = `${grouped(refused)} lines were not accepted: they are in ${rejectsPath}`;
    throw new CommandError(
      `${what}. Corrected, send that file as a new one.`,
      EXIT_CODES.someRefused,
    );
  }
}

function mismatchError(mismatch: BankError, malformed: number, submissionId: string): CommandError {
  const lines = malformed === 0 ? '' : ` ${grouped(malformed)} lines of the file are no items.`;
  const next = `All items are stored, and ${submissionId} is still open: the same command without`;
  return new CommandError(
    `${mismatch.details}.${lines} ${next} --expect-items and --expect-total closes it.`,
    EXIT_CODES.refused,
    mismatch,
  );
}

function openingLine({ submissionId }: BulkPlan, nextIndex: bigint | undefined): string {
  if (nextIndex === undefined) return `submission ${submissionId}`;
  return `submission ${submissionId} goes on: ${grouped(nextIndex)} items are stored`;
}

/** What a run that ended early has stored, and how to go on. */
async function withFarewell(
  bank: Bank,
  { submissionId }: BulkPlan,
  path: string,
  error: unknown,
  signal: AbortSignal,
): Promise<unknown> {
  const isUnreachable = error instanceof BankError ? error.mayRetry : error instanceof CommandError;
  if (!signal.aborted && !isUnreachable) return error;
  const submission = await submissionOf(bank, submissionId, {
    deadlineMs: BULK_LIMITS.farewellMs,
  }).catch(() => null);
  const stored = (submission?.accepted ?? 0n) + (submission?.rejected ?? 0n);
  const told =
    submission === null
      ? 'What is stored could not be asked.'
      : `${grouped(stored + (submission?.replayed ?? 0n))} items are stored.`;
  const why = signal.aborted ? 'interrupted' : error instanceof Error ? error.message : '';
  const code = signal.aborted ? EXIT_CODES.interrupted : EXIT_CODES.unreachable;
  const next = path === '-' ? 'the same lines again' : 'the same command';
  const message = `${why}. ${told} To go on, give ${next} with --submission ${submissionId}.`;
  return new CommandError(message, code, error);
}

/** The file is not the one that the submission was begun with. */
function sourceError(error: unknown): unknown {
  if (!(error instanceof ItemsDifferError) && !(error instanceof ItemsMissingError)) return error;
  const message = `${error.message} A file that was changed takes a --submission of its own.`;
  return new CommandError(message, EXIT_CODES.refused, error);
}
