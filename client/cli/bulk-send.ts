/**
 * The middle of `bank bulk`: asks what is stored, sends the rest while it shows how far it is, and
 * settles. When it ends early it says what is stored and how to go on.
 */
import { retryWithBackoff } from '#platform/waiting.ts';
import type { ControlTotals } from '#proto/bank/v1/bulk_service.ts';
import { BankError } from '../bank-error.ts';
import type { Bank } from '../connect-bank.ts';
import { BULK_LIMITS } from './bulk-limits.ts';
import type { BulkOptions } from './bulk-options.ts';
import type { BulkPlan } from './bulk-plan.ts';
import { grouped, showProgress, type BulkProgress } from './bulk-progress.ts';
import { runBulk, submissionOf, type BulkStored } from './bulk-run.ts';
import { settleBulk } from './bulk-settlement.ts';
import { CommandError, EXIT_CODES, type CommandContext } from './command-context.ts';

export type SendOptions = BulkOptions & { readonly controlTotals: ControlTotals | undefined };

export async function sendBulk(
  path: string,
  plan: BulkPlan,
  options: SendOptions,
  context: CommandContext,
): Promise<void> {
  const bank = context.connect();
  const { signal, stderr } = context;
  const startedMs = performance.now();
  const before = await firstAnswer(bank, plan.submissionId, context);
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
  await settleBulk(bank, plan, { stored, progress, startedMs }, context);
}

/** What is stored already: asked for a while, as the bank may just be starting again. */
function firstAnswer(bank: Bank, submissionId: string, { signal, stderr }: CommandContext) {
  const { retryFirstMs: firstMs, retryMaxMs: maxMs, retriesMax: attempts } = BULK_LIMITS;
  const endsAt = performance.now() + BULK_LIMITS.firstAnswerMs;
  const retriable = (error: unknown) =>
    error instanceof BankError && error.mayRetry && performance.now() < endsAt;
  const onRetry = (error: unknown, attempt: number) => {
    if (attempt === 1)
      stderr.write(`${error instanceof Error ? error.message : ''}: trying again\n`);
  };
  return retryWithBackoff({ firstMs, maxMs, attempts, signal, retriable, onRetry }, () =>
    submissionOf(bank, submissionId, { signal }),
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
