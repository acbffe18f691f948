/**
 * What a bulk run, or a submission, has come to: rows of names and values for people, the same as
 * one JSON value or a CSV line for programs. Counts are texts of digits in JSON, as in the
 * contract's own JSON: they may be beyond what a number holds.
 */
import { dateFromTimestamp } from '#platform/timestamps.ts';
import { SubmissionState, type Submission } from '#proto/bank/v1/submission.ts';
import { formatMoney } from '../money.ts';
import { grouped } from './amounts.ts';
import type { CommandContext } from './command-context.ts';
import { csvRow } from './csv-row.ts';
import { plainText } from './labelled-row.ts';

/** Numbers that are counted are bigint; they are grouped for people. */
export type ReportValue = bigint | number | string | readonly string[] | undefined;
export type Report = Readonly<Record<string, ReportValue>>;

export function submissionReport(submission: Submission): Report {
  const { accepted, rejected, replayed, acceptedAmounts, createdAt, closedAt } = submission;
  return {
    submission: submission.submissionId,
    state: stateOf(submission),
    items: submission.totalItems ?? accepted + rejected + replayed,
    accepted,
    replayed,
    rejected,
    amounts: amountsOf(acceptedAmounts),
    created_at: timeOf(createdAt),
    closed_at: timeOf(closedAt),
    ...(isOpen(submission) ? { next_item_index: submission.nextItemIndex } : {}),
  };
}

/** undefined: nothing was moved. */
function amountsOf(amounts: Submission['acceptedAmounts']): string[] | undefined {
  return amounts.length === 0 ? undefined : amounts.map((amount) => formatMoney(amount));
}

function timeOf(time: Submission['createdAt']): string | undefined {
  return time === undefined ? undefined : dateFromTimestamp(time).toISOString();
}

export function isOpen({ state }: Submission): boolean {
  return state === SubmissionState.SUBMISSION_STATE_OPEN;
}

function stateOf(submission: Submission): string {
  return isOpen(submission) ? 'open' : 'closed';
}

export function writeReport(report: Report, { output, stdout }: CommandContext): void {
  const entries = Object.entries(report).filter(([, value]) => value !== undefined);
  if (output === 'json' || output === 'ndjson') {
    const indent = output === 'json' ? 2 : 0;
    stdout.write(`${JSON.stringify(Object.fromEntries(entries), digits, indent)}\n`);
  } else if (output === 'csv') {
    stdout.write(csvRow(entries.map(([name]) => name)));
    stdout.write(csvRow(entries.map(([, value]) => plain(value, String))));
  } else {
    const width = Math.max(...entries.map(([name]) => name.length));
    for (const [name, value] of entries) {
      const label = name.replaceAll('_', ' ').padEnd(width);
      stdout.write(`${label}  ${plainText(plain(value, grouped))}\n`);
    }
  }
}

function plain(value: ReportValue, count: (value: bigint) => string): string {
  if (typeof value === 'bigint') return count(value);
  if (typeof value === 'object') return value.join('; ');
  return String(value ?? '');
}

/** For JSON. */
export function digits(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
