/**
 * The end of `bank bulk`, when all is stored: the rejects file, the report, and the exit code by
 * what became of the lines.
 */
import type { BankError } from '../bank-error.ts';
import type { Bank } from '../connect-bank.ts';
import { grouped } from './amounts.ts';
import type { BulkPlan } from './bulk-plan.ts';
import type { BulkProgress } from './bulk-progress.ts';
import { listRejections } from './bulk-rejections.ts';
import { writeRejects } from './bulk-rejects.ts';
import { submissionReport, writeReport } from './bulk-report.ts';
import type { BulkStored } from './bulk-run.ts';
import { CommandError, EXIT_CODES, type CommandContext } from './command-context.ts';

export type BulkEnd = {
  readonly stored: BulkStored;
  readonly progress: BulkProgress;
  /** By performance.now(). */
  readonly startedMs: number;
};

export async function settleBulk(
  bank: Bank,
  plan: BulkPlan,
  { stored, progress, startedMs }: BulkEnd,
  context: CommandContext,
): Promise<void> {
  const { submission, mismatch } = stored;
  const { malformed, resumedAt, visible, waits } = progress;
  const { rejectsPath, submissionId } = plan;
  const { signal } = context;
  const seconds = (performance.now() - startedMs) / 1_000;
  const refused = Number(submission.rejected) + malformed;
  if (refused > 0) {
    const rejections = listRejections(bank, submissionId, signal);
    const request = { path: rejectsPath, rejections, signal };
    try {
      await (plan.kind === 'deposits'
        ? writeRejects({ ...request, file: plan.file })
        : writeRejects({ ...request, file: plan.file }));
    } catch (error) {
      throw rejectsError(error, submissionId);
    }
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

/** A folder that takes no file, a disk that is full. */
function rejectsError(error: unknown, submissionId: string): unknown {
  if (!(error instanceof Error) || !('syscall' in error)) return error;
  const next = `All items are stored in ${submissionId}; the same command with --rejects FILE`;
  const message = `${error.message}. ${next} writes the lines that were refused elsewhere.`;
  return new CommandError(message, EXIT_CODES.refused, error);
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
