/**
 * The middle of `bank bulk`: asks what is stored, sends the rest while it shows how far it is, and
 * settles. When it ends early it says what is stored and how to go on.
 */
import { retryWithBackoff } from '#platform/waiting.ts';
import type { ControlTotals } from '#proto/bank/v1/bulk_service.ts';
import type { Submission } from '#proto/bank/v1/submission.ts';
import { BankError } from '../bank-error.ts';
import type { Bank } from '../connect-bank.ts';
import { grouped } from './amounts.ts';
import { BULK_LIMITS } from './bulk-limits.ts';
import { STDIN } from './bulk-input.ts';
import type { BulkOptions } from './bulk-options.ts';
import type { BulkPlan } from './bulk-plan.ts';
import { showProgress, type BulkProgress } from './bulk-progress.ts';
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
    throw await withFarewell(bank, plan, error, { path, known: progress.stored, signal });
  }
  line.close();
  await settleBulk(bank, plan, { stored, progress, startedMs }, context);
}

/** What is stored already: asked for a while, as the bank may just be starting again. */
async function firstAnswer(
  bank: Bank,
  submissionId: string,
  { signal, stderr }: CommandContext,
): Promise<Submission | undefined> {
  const { retryFirstMs: firstMs, retryMaxMs: maxMs, retriesMax: attempts } = BULK_LIMITS;
  const endsAt = performance.now() + BULK_LIMITS.firstAnswerMs;
  const retriable = (error: unknown) =>
    error instanceof BankError && error.mayRetry && performance.now() < endsAt;
  const onRetry = (error: unknown, attempt: number) => {
    if (attempt > 1 || !(error instanceof BankError)) return;
    stderr.write(`the bank does not answer (${error.reason || error.code}): trying again\n`);
  };
  const options = { firstMs, maxMs, attempts, signal, retriable, onRetry };
  return await retryWithBackoff(options, () => submissionOf(bank, submissionId, { signal }));
}

function openingLine({ submissionId }: BulkPlan, nextIndex: bigint | undefined): string {
  if (nextIndex === undefined) return `submission ${submissionId}`;
  return `submission ${submissionId} goes on: ${grouped(nextIndex)} items are stored`;
}

type Ending = { readonly path: string; readonly known: number; readonly signal: AbortSignal };

/** What a run that ended early has stored, and how to go on. `known`: items, at least. */
async function withFarewell(
  bank: Bank,
  { submissionId }: BulkPlan,
  error: unknown,
  { path, known, signal }: Ending,
): Promise<unknown> {
  if (!signal.aborted && !isUnreachable(error)) return error;
  const stored = await submissionOf(bank, submissionId, {
    deadlineMs: BULK_LIMITS.farewellMs,
  }).catch(() => undefined);
  const told =
    stored === undefined
      ? `At least ${grouped(known)} items are stored`
      : `${grouped(stored.accepted + stored.rejected + stored.replayed)} items are stored`;
  const why = signal.aborted ? 'interrupted' : error instanceof Error ? error.message : '';
  const next =
    path === STDIN
      ? `send the same lines again with --submission ${submissionId}`
      : 'give the same command again';
  const message = `${why}. ${told} in ${submissionId}. To go on, ${next}.`;
  const code = signal.aborted ? EXIT_CODES.interrupted : EXIT_CODES.unreachable;
  return new CommandError(message, code, error);
}

function isUnreachable(error: unknown): boolean {
  if (error instanceof CommandError) return error.exitCode === EXIT_CODES.unreachable;
  return error instanceof BankError && error.mayRetry;
}
