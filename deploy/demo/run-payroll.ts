/**
 * The demo's main act: opens the accounts, streams the payroll, and follows it on the read side
 * until every accepted item can be read. Measures from the first message sent.
 */
import { followAcknowledgements } from '#client/acknowledgements.ts';
import type { BankClient } from '#client/bank-client.ts';
import { uploadAccounts, uploadDeposits, type UploadResult } from '#client/bulk-upload.ts';
import { describeFault, type CallFault } from '#client/call-fault.ts';
import type { LineError } from '#client/payroll-file.ts';
import { payrollSource } from '#client/payroll-source.ts';
import { unaryCall } from '#client/unary-call.ts';
import { microsFromTimestamp } from '#platform/timestamps.ts';
import { sleep } from '#platform/waiting.ts';
import { OpenAccountRequest } from '#proto/bank/v1/account_command_service.ts';
import type { StreamAcknowledgementsResponse } from '#proto/bank/v1/projector_service.ts';
import type { DemoAccount } from './accounts-file.ts';
import { createLatencies, type Latencies } from './latencies.ts';
import type { UploadProgress } from './progress-bar.ts';

const STORED_POLL_MS = 250;
const STORED_POLL_MS_MAX = 2_000;
/** A look costs the service more the longer the submission is: so many times as long a rest. */
const STORED_POLL_REST = 9;
const LINE_ERROR_EXAMPLES = 3;

export type RunContext = {
  readonly client: BankClient;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
};

export type PayrollRun = {
  readonly submissionId: string;
  readonly upload: UploadResult;
  readonly lineErrors: { count: number; examples: LineError[] };
  /** From the first message to the receipt: everything is stored. */
  readonly storedMs: number;
  /** From the first message to `complete`: everything can be read. */
  readonly completeMs: number;
  /** From stored to acknowledged, an item each. */
  readonly latencies: Latencies;
  readonly acknowledged: number;
};

/** Opens the accounts and waits until they can be read. */
export async function openAccounts(
  context: RunContext,
  submissionId: string,
  accounts: readonly DemoAccount[],
): Promise<void> {
  const { client, signal } = context;
  const requests = accounts.map((account) => OpenAccountRequest.fromPartial(account));
  const source = (from: number) => oneChunk(requests.slice(from));
  const request = { submissionId, signal, onBreak: sayBreak(context, 'upload') };
  const { receipt } = await uploadAccounts(client.bulk, source, request);
  const opened = Number(receipt.submission?.accepted ?? 0n);
  if (opened !== accounts.length) {
    throw new Error(`${opened} of ${accounts.length} accounts were opened`);
  }
  const feed = followAcknowledgements(client.projector, request);
  for await (const _ of feed);
}

export async function runPayroll(
  context: RunContext,
  payroll: { path: string; submissionId: string; messageItems: number },
  progress: UploadProgress,
): Promise<PayrollRun> {
  const { client, signal } = context;
  const { submissionId, messageItems } = payroll;
  const lineErrors: PayrollRun['lineErrors'] = { count: 0, examples: [] };
  const source = payrollSource(payroll.path, (error) => {
    lineErrors.count++;
    if (lineErrors.examples.length < LINE_ERROR_EXAMPLES) lineErrors.examples.push(error);
  });
  const ended = new AbortController();
  const latencies = createLatencies();
  const sinceFirst = () => performance.now() - (progress.firstSentMs ?? performance.now());
  const uploading = uploadDeposits(client.bulk, source, {
    submissionId,
    messageItems,
    signal,
    onSent: (items) => {
      progress.firstSentMs ??= performance.now();
      progress.sent = Math.max(progress.sent, items);
    },
    onBreak: sayBreak(context, 'upload'),
  }).then((upload) => ({ upload, storedMs: sinceFirst() }));
  const running = { ...context, signal: AbortSignal.any([signal, ended.signal]) };
  const following = follow(running, submissionId, latencies, progress).then((acknowledged) => ({
    acknowledged,
    completeMs: sinceFirst(),
  }));
  const polling = pollStored(context, submissionId, progress, ended.signal);
  try {
    const [stored, complete] = await Promise.all([uploading, following]);
    progress.stored = Number(stored.upload.receipt.submission?.totalItems ?? progress.stored);
    return { submissionId, lineErrors, latencies, ...stored, ...complete };
  } finally {
    ended.abort();
    await polling;
  }
}

async function follow(
  context: RunContext,
  submissionId: string,
  latencies: Latencies,
  progress: UploadProgress,
): Promise<number> {
  const { client, signal } = context;
  const request = { submissionId, signal, onBreak: sayBreak(context, 'feed') };
  let acknowledged = 0;
  for await (const message of followAcknowledgements(client.projector, request)) {
    acknowledged += noteLatency(message, latencies);
    progress.visible = Number(message.progress?.projectedTotal ?? progress.visible);
    progress.stored = Math.max(progress.stored, progress.visible);
  }
  return acknowledged;
}

function noteLatency(message: StreamAcknowledgementsResponse, latencies: Latencies): number {
  const { acknowledgement } = message;
  if (acknowledgement?.storedAt === undefined) return 0;
  const items = Number(acknowledgement.itemCount);
  const storedAtMs = Number(microsFromTimestamp(acknowledgement.storedAt)) / 1_000;
  latencies.add(Date.now() - storedAtMs, items);
  return items;
}

/** For the progress bar only: a look that fails is taken again. */
async function pollStored(
  { client }: RunContext,
  submissionId: string,
  progress: UploadProgress,
  ended: AbortSignal,
): Promise<void> {
  const { bulk } = client;
  while (!ended.aborted) {
    const askedMs = performance.now();
    const submission = await unaryCall(bulk.getSubmission.bind(bulk), { submissionId }).then(
      (response) => response.submission,
      () => undefined,
    );
    if (submission !== undefined) {
      const { accepted, rejected, replayed } = submission;
      progress.stored = Math.max(progress.stored, Number(accepted + rejected + replayed));
    }
    const restMs = STORED_POLL_REST * (performance.now() - askedMs);
    const pauseMs = Math.min(STORED_POLL_MS_MAX, Math.max(STORED_POLL_MS, restMs));
    await sleep(pauseMs, ended).catch(() => undefined);
  }
}

function sayBreak({ say }: RunContext, what: string) {
  return (fault: CallFault, attempt: number, delayMs: number) =>
    say(`the ${what} broke (${describeFault(fault)}), try ${attempt + 1} follows in ${delayMs} ms`);
}

async function* oneChunk<T>(items: readonly T[]): AsyncGenerator<readonly T[], void, void> {
  yield items;
}
