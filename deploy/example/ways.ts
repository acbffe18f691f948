/**
 * Four ways to send the same deposits: one call each, direct batches, direct batches under a lease
 * of bulk mode (manual mode), and one stream (automatic mode). Each answers how long it took until
 * all was stored, and until all could be read.
 */
import { followAcknowledgements } from '#client/acknowledgements.ts';
import { uploadDeposits } from '#client/bulk-upload.ts';
import { unaryCall } from '#client/unary-call.ts';
import { uuidV7 } from '#platform/uuid.ts';
import { DepositRequest } from '#proto/bank/v1/account_command_service.ts';
import { BatchMode, type DepositItem } from '#proto/bank/v1/bulk_service.ts';
import type { Operation } from '#proto/bank/v1/operation.ts';
import type { ItemResult } from '#proto/bank/v1/submission.ts';
import type { ExampleBank } from './example-bank.ts';

/** Of the contract: operations of one direct batch. */
export const BATCH_OPERATIONS_MAX = 5_000;
const BATCHES_AT_ONCE = 4;
const CALLS_AT_ONCE = 64;

export type WayTimes = {
  readonly items: number;
  readonly storedMs: number;
  readonly readMs: number;
};

export type Ways = { readonly bank: ExampleBank; readonly signal: AbortSignal };

/** One stream: the server holds a lease of bulk mode for as long as it lasts. */
export async function byStream(
  { bank, signal }: Ways,
  deposits: readonly DepositItem[],
): Promise<WayTimes> {
  const { bulk } = bank.client;
  const submissionId = `example-${uuidV7()}`;
  const startedMs = performance.now();
  const reading = untilRead({ bank, signal }, submissionId).then(() => performance.now());
  reading.catch(() => undefined); // awaited below; the upload may fail first
  const source = (from: number) => oneChunk(deposits.slice(from));
  const { receipt } = await uploadDeposits(bulk, source, { submissionId, signal });
  requireAccepted(Number(receipt.submission?.accepted ?? 0n), deposits.length);
  const storedMs = performance.now() - startedMs;
  return { items: deposits.length, storedMs, readMs: (await reading) - startedMs };
}

/** Direct batches; `leaseId` empty: in normal mode. Answers the results of the first one too. */
export async function byBatches(
  ways: Ways,
  deposits: readonly DepositItem[],
  leaseId: string,
): Promise<WayTimes & { readonly results: readonly ItemResult[] }> {
  const batches: { submissionId: string; operations: Operation[] }[] = [];
  for (let from = 0; from < deposits.length; from += BATCH_OPERATIONS_MAX) {
    const operations = deposits.slice(from, from + BATCH_OPERATIONS_MAX).map(depositOperation);
    batches.push({ submissionId: `example-${uuidV7()}`, operations });
  }
  const startedMs = performance.now();
  const reading: Promise<void>[] = [];
  const answers = await inTurns(batches, BATCHES_AT_ONCE, async (batch) => {
    const answer = await submitBatch(ways, batch.submissionId, batch.operations, leaseId);
    const read = untilRead(ways, batch.submissionId);
    read.catch(() => undefined); // awaited below; another batch may fail first
    reading.push(read);
    return answer;
  });
  const storedMs = performance.now() - startedMs;
  await Promise.all(reading);
  const accepted = answers.flat().filter(({ outcome }) => outcome?.$case === 'receipt').length;
  requireAccepted(accepted, deposits.length);
  const readMs = performance.now() - startedMs;
  return { items: deposits.length, storedMs, readMs, results: answers[0] ?? [] };
}

/** Each for itself: a refused operation is a result like any other. */
export async function submitBatch(
  { bank, signal }: Ways,
  submissionId: string,
  operations: Operation[],
  bulkModeLeaseId: string,
): Promise<ItemResult[]> {
  const { bulk } = bank.client;
  const mode = BatchMode.BATCH_MODE_PER_ITEM;
  const request = { submissionId, mode, operations, bulkModeLeaseId };
  return (await unaryCall(bulk.submitBatch.bind(bulk), request, { signal })).results;
}

/** One call a deposit, so many at once; read when the last version of each can be read. */
export async function byCalls(
  { bank, signal }: Ways,
  deposits: readonly DepositItem[],
): Promise<WayTimes> {
  const { accounts, queries } = bank.client;
  const newest = new Map<string, bigint>();
  const startedMs = performance.now();
  await inTurns(deposits, CALLS_AT_ONCE, async (deposit) => {
    const request = DepositRequest.fromPartial(deposit);
    const { receipt } = await unaryCall(accounts.deposit.bind(accounts), request, { signal });
    const { accountId } = deposit;
    const version = receipt?.version ?? 0n;
    if (version > (newest.get(accountId) ?? 0n)) newest.set(accountId, version);
  });
  const storedMs = performance.now() - startedMs;
  await inTurns([...newest], CALLS_AT_ONCE, async ([accountId, minVersion]) => {
    await unaryCall(queries.getAccount.bind(queries), { accountId, minVersion }, { signal });
  });
  return { items: deposits.length, storedMs, readMs: performance.now() - startedMs };
}

export function depositOperation(deposit: DepositItem): Operation {
  return { command: { $case: 'deposit', value: DepositRequest.fromPartial(deposit) } };
}

/** Resolves when every accepted item of the submission can be read. */
export async function untilRead({ bank, signal }: Ways, submissionId: string): Promise<void> {
  const { projector } = bank.client;
  for await (const _ of followAcknowledgements(projector, { submissionId, signal }));
}

async function inTurns<T, R>(
  things: readonly T[],
  atOnce: number,
  act: (thing: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let at = next++; at < things.length; at = next++) {
        const thing = things[at];
        if (thing !== undefined) results[at] = await act(thing);
      }
    }),
  );
  return results;
}

function requireAccepted(accepted: number, sent: number): void {
  if (accepted !== sent) throw new Error(`${accepted} of ${sent} deposits were accepted`);
}

async function* oneChunk<T>(items: readonly T[]): AsyncGenerator<readonly T[], void, void> {
  yield items;
}
