/**
 * `bank submission ID`: what is stored of a submission, how much of it can be read, and on demand
 * who was refused; once, or followed to its end.
 */
import type { Command } from 'commander';
import type { Rejection, Submission } from '#proto/bank/v1/submission.ts';
import { sleep } from '#platform/waiting.ts';
import { z } from 'zod';
import { BankError } from '../bank-error.ts';
import type { Bank } from '../connect-bank.ts';
import { writeText } from './answer-writer.ts';
import { BULK_LIMITS } from './bulk-limits.ts';
import { submissionOf } from './bulk-run.ts';
import { showProgress, type BulkProgress } from './bulk-progress.ts';
import { listRejections } from './bulk-rejections.ts';
import { digits, isOpen, submissionReport, writeReport } from './bulk-report.ts';
import { CommandError, EXIT_CODES, type CommandContext } from './command-context.ts';
import { csvRow } from './csv-row.ts';
import { plainText } from './labelled-row.ts';

const optionsSchema = z.object({ rejections: z.boolean(), watch: z.boolean() });

export function addSubmissionCommand(
  program: Command,
  contextOf: (command: Command) => CommandContext,
): void {
  program
    .command('submission')
    .description('Shows what is stored of a submission, and how much of it can be read.')
    .argument('<id>', 'the submission')
    .option('--rejections', 'list the refused items instead', false)
    .option('--watch', 'follow it until it is closed and all can be read', false)
    .addHelpText('after', HELP)
    .action(async (id: string, given: unknown, command: Command) => {
      const options = optionsSchema.parse(given);
      const context = contextOf(command);
      const bank = context.connect();
      if (options.rejections) await showRejections(bank, id, context);
      else await showSubmission(bank, id, options.watch, context);
    });
}

const HELP = `
Exit codes: 0, also when items were refused; 1, when there is no such submission.

Examples:
  $ bank submission 2026-11-payroll
  $ bank submission 2026-11-payroll --watch
  $ bank submission 2026-11-payroll --rejections --output csv
`;

async function showSubmission(
  bank: Bank,
  id: string,
  watch: boolean,
  context: CommandContext,
): Promise<void> {
  const visible = watch ? await followed(bank, id, context) : await visibleOf(bank, id, context);
  writeReport({ ...submissionReport(await known(bank, id, context)), visible }, context);
}

async function known(bank: Bank, id: string, { signal }: CommandContext): Promise<Submission> {
  const submission = await submissionOf(bank, id, { signal });
  if (submission !== undefined) return submission;
  const message = `there is no submission ${id}: it is known from its first stored item on`;
  throw new CommandError(message, EXIT_CODES.refused);
}

/** By the first messages of the acknowledgements: what is read now, without waiting for more. */
async function visibleOf(bank: Bank, id: string, context: CommandContext): Promise<bigint> {
  const { accepted } = await known(bank, id, context);
  const end = new AbortController();
  const signal = AbortSignal.any([context.signal, end.signal]);
  let visible = 0n;
  let timer = setTimeout(() => end.abort(), BULK_LIMITS.watchPollMs);
  try {
    for await (const { progress } of bank.streamAcknowledgements({ submissionId: id, signal })) {
      visible = progress?.projectedTotal ?? visible;
      if (visible >= accepted) break;
      clearTimeout(timer);
      timer = setTimeout(() => end.abort(), BULK_LIMITS.watchPollMs);
    }
  } catch (error) {
    if (!end.signal.aborted || context.signal.aborted) throw error;
  } finally {
    clearTimeout(timer);
  }
  return visible;
}

/** To the message that says that all can be read. */
async function followed(bank: Bank, id: string, context: CommandContext): Promise<bigint> {
  const first = await known(bank, id, context);
  const end = new AbortController();
  const signal = AbortSignal.any([context.signal, end.signal]);
  const progress: BulkProgress = {
    stored: 0,
    visible: 0,
    rejected: 0,
    malformed: 0,
    expected: 0,
    resumedAt: Number(first.accepted + first.rejected + first.replayed),
    waits: true,
    broken: undefined,
  };
  const line = showProgress(progress, context.stderr, false);
  const polling = poll(bank, id, progress, signal);
  polling.catch((error: unknown) => end.abort(error));
  try {
    for await (const { progress: told } of bank.streamAcknowledgements({
      submissionId: id,
      signal,
    })) {
      progress.visible = Number(told?.projectedTotal ?? 0n);
    }
  } finally {
    end.abort();
    line.close();
  }
  return BigInt(progress.visible);
}

/** How much is stored, until it is closed. A look that gets no answer is followed by the next. */
async function poll(
  bank: Bank,
  submissionId: string,
  progress: BulkProgress,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const submission = await lookAt(bank, submissionId, signal);
    if (submission === undefined) return;
    if (submission === 'no answer') {
      await sleep(BULK_LIMITS.watchPollMs, signal);
      continue;
    }
    const { accepted, rejected, replayed } = submission;
    progress.stored = Number(accepted + rejected + replayed);
    progress.rejected = Number(rejected);
    progress.expected = Number(submission.totalItems ?? 0n);
    if (!isOpen(submission)) return;
    await sleep(BULK_LIMITS.watchPollMs, signal);
  }
}

const COLUMNS = ['item_index', 'account_id', 'operation_id', 'reason', 'field', 'message'];

async function showRejections(bank: Bank, id: string, context: CommandContext): Promise<void> {
  const { output, signal } = context;
  const put = (text: string) => writeText(context, text);
  if (output === 'json') await put('[');
  if (output === 'csv') await put(csvRow(COLUMNS));
  let first = true;
  for await (const rejection of listRejections(bank, id, signal)) {
    if (output === 'json') await put(`${first ? '' : ','}\n${asJson(rejection)}`);
    else if (output === 'ndjson') await put(`${asJson(rejection)}\n`);
    else if (output === 'csv') await put(csvRow(valuesOf(rejection)));
    else await put(`${asText(rejection)}\n`);
    first = false;
  }
  if (output === 'json') await put('\n]\n');
  if (output === 'table' && first) context.stderr.write('no item was refused\n');
}

function valuesOf({ itemIndex, accountId, operationId, reason, field, message }: Rejection) {
  return [String(itemIndex), accountId, operationId, reason, field, message];
}

function asJson(rejection: Rejection): string {
  const values = valuesOf(rejection);
  return JSON.stringify(Object.fromEntries(COLUMNS.map((name, n) => [name, values[n]])), digits);
}

function asText({ itemIndex, accountId, reason, message }: Rejection): string {
  const why = `${reason}: ${message}`;
  return plainText(`${String(itemIndex).padStart(9)}  ${accountId.padEnd(36)}  ${why}`);
}

async function lookAt(
  bank: Bank,
  submissionId: string,
  signal: AbortSignal,
): Promise<Submission | 'no answer' | undefined> {
  try {
    return await submissionOf(bank, submissionId, { signal });
  } catch (error) {
    if (error instanceof BankError && error.mayRetry) return 'no answer';
    throw error;
  }
}
