/**
 * The end of `bank bulk`, when all is stored: the rejects file, the report, and the exit code by
 * what became of the lines.
 */
import type { Submission } from '#proto/bank/v1/submission.ts';
import type { BankError } from '../bank-error.ts';
import type { Bank } from '../connect-bank.ts';
import { grouped } from './amounts.ts';
import type { BulkPlan } from './bulk-plan.ts';
import type { BulkProgress } from './bulk-progress.ts';
import { listRejections } from './bulk-rejections.ts';
import { writeRejects } from './bulk-rejects.ts';
import { isOpen, submissionReport, writeReport } from './bulk-report.ts';
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
  if (mismatch !== undefined) throw mismatchError(mismatch, malformed, submission);
  if (refused > 0) {
    const what = `${grouped(refused)} lines were not accepted: they are in ${rejectsPath}`;
    throw new CommandError(
      `${what}. Corrected, send that file as a new one.`,
      EXIT_CODES.someRefused,
    );
  }
}

function mismatchError(
  mismatch: BankError,
  malformed: number,
  submission: Submission,
): CommandError {
  const id = submission.submissionId;
  const lines = malformed === 0 ? '' : ` ${grouped(malformed)} lines of the file are no items.`;
  const next = isOpen(submission)
    ? `All items are stored, and ${id} is still open: the same command without --expect-items and` +
      ' --expect-total closes it.'
    : `${id} was closed before, and stays as it is.`;
  return new CommandError(`${mismatch.details}.${lines} ${next}`, EXIT_CODES.refused, mismatch);
}
