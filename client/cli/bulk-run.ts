/**
 * The upload of a planned file: items travel, acknowledgements are followed beside them, and both
 * go on after faults for as long as something moves now and then.
 * Promises: the submission as it is stored, and who could not be paid, or the first error; what was
 * stored by then stays, and the same command goes on there.
 */
import { abortReason } from '#platform/waiting.ts';
import type { ControlTotals } from '#proto/bank/v1/bulk_service.ts';
import type { Submission } from '#proto/bank/v1/submission.ts';
import type { Bank } from '../connect-bank.ts';
import { BankError } from '../bank-error.ts';
import type { CallFault } from '../call-fault.ts';
import type { RetryLimits } from '../client-defaults.ts';
import type { UploadProgress, UploadRun } from '../upload-run.ts';
import { itemsFrom, type Tally } from './bulk-file.ts';
import { BULK_LIMITS } from './bulk-limits.ts';
import type { BulkPlan } from './bulk-plan.ts';
import type { BulkProgress } from './bulk-progress.ts';
import { CommandError, EXIT_CODES } from './command-context.ts';

export type BulkRunOptions = {
  readonly concurrency: number;
  readonly giveUpAfterMs: number;
  readonly controlTotals: ControlTotals | undefined;
  readonly waits: boolean;
  readonly signal: AbortSignal;
};

export type BulkStored = {
  readonly submission: Submission;
  /** The file's own totals differ from what is stored: the submission is still open. */
  readonly mismatch: BankError | undefined;
};

/** undefined: nobody has opened it. */
export async function submissionOf(
  bank: Bank,
  submissionId: string,
  options: { signal?: AbortSignal; deadlineMs?: number },
): Promise<Submission | undefined> {
  try {
    return (await bank.getSubmission({ submissionId }, options)).submission;
  } catch (error) {
    if (error instanceof BankError && error.code === 'NOT_FOUND') return undefined;
    throw error;
  }
}

export async function runBulk(
  bank: Bank,
  plan: BulkPlan,
  before: Submission | undefined,
  progress: BulkProgress,
  options: BulkRunOptions,
): Promise<BulkStored> {
  const patience = startPatience(options, progress);
  const tally: Tally = { items: 0, malformed: 0 };
  const rejectedBefore = Number(before?.rejected ?? 0n);
  const onProgress = ({ stored, rejected, resumedAt, sent }: UploadProgress) => {
    const { malformed } = tally;
    Object.assign(progress, { stored, rejected: rejectedBefore + rejected, malformed, resumedAt });
    patience.moved(stored + sent);
  };
  const { retry, signal, onBreak } = patience;
  const run = startRun(bank, plan, tally, { ...options, retry, signal, onBreak, onProgress });
  const following = options.waits ? follow(bank, plan, progress, patience) : Promise.resolve();
  following.catch(() => undefined); // told below, unless the upload fails first
  try {
    const stored = await storedOrMismatch(bank, run, signal);
    progress.expected = tally.items + tally.malformed;
    progress.rejected = Number(stored.submission.rejected);
    if (stored.mismatch === undefined) await following;
    return stored;
  } catch (error) {
    throw patience.reasonOf(error);
  } finally {
    patience.stop();
    await following.catch(() => undefined);
  }
}

type RunHooks = BulkRunOptions & {
  readonly retry: RetryLimits;
  readonly onProgress: (progress: UploadProgress) => void;
  readonly onBreak: (fault: CallFault) => void;
};

function startRun(bank: Bank, plan: BulkPlan, tally: Tally, hooks: RunHooks): UploadRun {
  const { controlTotals, concurrency, retry, signal, onProgress, onBreak } = hooks;
  const options = {
    submissionId: plan.submissionId,
    concurrency,
    partItems: BULK_LIMITS.partItems,
    retry,
    signal,
    onProgress,
    onBreak,
    ...(controlTotals === undefined ? {} : { controlTotals }),
  };
  return plan.kind === 'deposits'
    ? bank.bulkDeposit((from) => itemsFrom(plan.file, from, tally), options)
    : bank.bulkOpenAccounts((from) => itemsFrom(plan.file, from, tally), options);
}

async function storedOrMismatch(
  bank: Bank,
  { submissionId, stored }: UploadRun,
  signal: AbortSignal,
): Promise<BulkStored> {
  try {
    return { submission: await stored, mismatch: undefined };
  } catch (error) {
    if (!(error instanceof BankError) || error.reason !== 'CONTROL_TOTALS_MISMATCH') throw error;
    const submission = await submissionOf(bank, submissionId, { signal });
    if (submission === undefined) throw error;
    return { submission, mismatch: error };
  }
}

async function follow(
  bank: Bank,
  { submissionId }: BulkPlan,
  progress: BulkProgress,
  { retry, signal, onBreak, moved }: Patience,
): Promise<void> {
  const request = { submissionId, retry, signal, onBreak };
  for await (const { progress: told } of bank.streamAcknowledgements(request)) {
    progress.visible = Number(told?.projectedTotal ?? 0n);
    moved(progress.stored + progress.visible);
  }
}

type Patience = {
  readonly retry: RetryLimits;
  readonly signal: AbortSignal;
  readonly onBreak: (fault: CallFault) => void;
  readonly moved: (mark: number) => void;
  /** What ended the run, when it was not the error itself. */
  readonly reasonOf: (error: unknown) => unknown;
  readonly stop: () => void;
};

/** Ends the run when nothing has moved for too long; its retries alone never do before that. */
function startPatience(
  { giveUpAfterMs, signal }: BulkRunOptions,
  progress: BulkProgress,
): Patience {
  const end = new AbortController();
  const both = AbortSignal.any([signal, end.signal]);
  let mark = -1;
  let timer: NodeJS.Timeout | undefined;
  const giveUp = () => {
    const why = progress.broken?.fault.message ?? 'no answer';
    const message = `nothing was stored or told for ${giveUpAfterMs / 1_000} s: ${why}`;
    end.abort(new CommandError(message, EXIT_CODES.unreachable));
  };
  const restart = () => {
    clearTimeout(timer);
    timer = setTimeout(giveUp, giveUpAfterMs);
  };
  restart();
  const { retriesMax, retryFirstMs, retryMaxMs } = BULK_LIMITS;
  return {
    retry: {
      attempts: retriesMax,
      attemptsTotal: retriesMax,
      firstMs: retryFirstMs,
      maxMs: retryMaxMs,
    },
    signal: both,
    onBreak: (fault) => {
      const sinceMs = progress.broken?.sinceMs ?? performance.now();
      progress.broken = { fault, sinceMs };
    },
    moved: (now) => {
      if (now === mark) return;
      mark = now;
      progress.broken = undefined;
      restart();
    },
    reasonOf: (error) => (end.signal.aborted && !signal.aborted ? abortReason(end.signal) : error),
    stop: () => {
      clearTimeout(timer);
      end.abort();
    },
  };
}
