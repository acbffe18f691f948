/**
 * Submissions of every form, one after another: deposits and accounts by the client's resumed
 * uploads, mixed commands by BulkSubmit, direct batches item by item or all or nothing, and the
 * reversal of what an upload has done. Whatever breaks is sent again until it is closed or refused;
 * the acknowledgements of each are followed beside it.
 */
import type { BankClient } from '#client/bank-client.ts';
import { uploadAccounts, uploadDeposits, type UploadResult } from '#client/bulk-upload.ts';
import { callFault } from '#client/call-fault.ts';
import { reverseSubmission } from '#client/submission-reversal.ts';
import { OpenAccountRequest } from '#proto/bank/v1/account_command_service.ts';
import type { DepositItem } from '#proto/bank/v1/bulk_service.ts';
import type { BulkReceipt } from '#proto/bank/v1/submission.ts';
import { EUR } from '#test/support/command-calls.ts';
import type { Random } from '#test/support/random.ts';
import type { SentItem, SentSubmission } from '../history/history.ts';
import { STREAM_RETRY } from './followed.ts';
import type { KnownAccounts } from './known-accounts.ts';

const AMOUNT_MAX = 500;
const DIRT_PER_CENT = 3;
const MESSAGE_ITEMS = 60;

export function newSubmission(
  kind: string,
  submissionId: string,
  items: readonly SentItem[] | undefined,
): SentSubmission {
  return {
    submissionId,
    kind,
    items,
    sentMs: performance.now(),
    answer: { kind: 'unknown' },
    answeredMs: Infinity,
    sends: 0,
    results: [],
    acks: [],
    complete: undefined,
  };
}

/** Deposits to accounts that all share; some to accounts that nobody has. */
export function randomDeposits(
  random: Random,
  known: KnownAccounts,
  count: number,
): { items: SentItem[]; deposits: DepositItem[] } {
  const deposits = Array.from({ length: count }, (): DepositItem => {
    const isDirt = random.below(100) < DIRT_PER_CENT;
    return {
      accountId: isDirt ? random.uuid() : known.pick(random),
      amount: EUR(BigInt(1 + random.below(AMOUNT_MAX))),
      operationId: random.below(2) === 0 ? random.uuid() : '',
      reference: 'salary',
      valueDate: '',
    };
  });
  return { deposits, items: deposits.map(depositWanted) };
}

export function depositWanted({ accountId, operationId, amount }: DepositItem): SentItem {
  const changeMinor = amount?.minorUnits ?? 0n;
  return { accountId, operationId, kind: 'moneyDeposited', changeMinor };
}

export async function sendDeposits(
  { bulk }: Pick<BankClient, 'bulk'>,
  submission: SentSubmission,
  deposits: readonly DepositItem[],
  signal: AbortSignal,
): Promise<void> {
  const source = (from: number): AsyncIterable<readonly DepositItem[]> =>
    chunks(deposits.slice(from));
  await closed(submission, () => uploadDeposits(bulk, source, requestOf(submission, signal)));
}

export async function sendAccounts(
  { bulk }: Pick<BankClient, 'bulk'>,
  submission: SentSubmission,
  signal: AbortSignal,
): Promise<void> {
  const accounts = (submission.items ?? []).map(({ accountId, operationId }) =>
    OpenAccountRequest.fromPartial({ accountId, operationId, currencyCode: 'EUR' }),
  );
  const source = (from: number): AsyncIterable<readonly OpenAccountRequest[]> =>
    chunks(accounts.slice(from));
  await closed(submission, () => uploadAccounts(bulk, source, requestOf(submission, signal)));
}

export async function sendReversal(
  { bulk }: Pick<BankClient, 'bulk'>,
  submission: SentSubmission,
  reversedSubmissionId: string,
  signal: AbortSignal,
): Promise<void> {
  const { submissionId } = submission;
  const reason = 'sent by mistake';
  const request = { submissionId, reversedSubmissionId, reason, retry: STREAM_RETRY, signal };
  await closed(submission, async () => ({
    receipt: await reverseSubmission(bulk, request),
    attempts: 1,
  }));
}

function requestOf({ submissionId }: SentSubmission, signal: AbortSignal) {
  return { submissionId, messageItems: MESSAGE_ITEMS, retry: STREAM_RETRY, signal };
}

async function* chunks<T>(items: readonly T[]): AsyncGenerator<readonly T[]> {
  for (let at = 0; at < items.length; at += MESSAGE_ITEMS) {
    yield items.slice(at, at + MESSAGE_ITEMS);
  }
}

const TAKEN_OVER_MAX = 20;

/**
 * An older stream of the same upload, asleep in a stopped replica, may wake up and take it over:
 * its sender, who alone knows that it is the same one, goes on.
 */
async function closed(
  submission: SentSubmission,
  upload: () => Promise<UploadResult>,
): Promise<void> {
  for (;;) {
    submission.sends += 1;
    try {
      closedBy(submission, (await upload()).receipt);
      return;
    } catch (error) {
      const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
      const { reason } = callFault(cause);
      if (reason !== 'SUBMISSION_TAKEN_OVER' || submission.sends > TAKEN_OVER_MAX) throw error;
    }
  }
}

export function closedBy(submission: SentSubmission, { submission: whole }: BulkReceipt): void {
  if (whole === undefined) throw new Error('a receipt without its submission');
  const { accepted, rejected, replayed } = whole;
  submission.answer = { kind: 'closed', accepted, rejected, replayed };
  submission.answeredMs = performance.now();
}
