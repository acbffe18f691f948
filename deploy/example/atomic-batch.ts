/**
 * A transactional batch: all or nothing. One of its operations is refused, so nothing is stored, no
 * balance changes, and the submission's id is free again: without that operation it is stored.
 */
import { status } from '@grpc/grpc-js';
import { callFault, isServiceError } from '#client/call-fault.ts';
import { unaryCall } from '#client/unary-call.ts';
import { decodeStatusDetails } from '#platform/grpc-errors.ts';
import { uuidV7 } from '#platform/uuid.ts';
import { BatchMode, type DepositItem } from '#proto/bank/v1/bulk_service.ts';
import type { Operation } from '#proto/bank/v1/operation.ts';
import { depositOperation, untilRead, type Ways } from './ways.ts';

/** Answers what happened, line by line; throws when anything was stored that should not be. */
export async function rolledBackBatch(
  ways: Ways,
  deposits: readonly DepositItem[],
): Promise<string[]> {
  const submissionId = `example-${uuidV7()}`;
  const good = deposits.map(depositOperation);
  const unknownAccount = { ...(deposits[0] ?? NO_DEPOSIT), accountId: uuidV7() };
  const middle = Math.floor(good.length / 2);
  const bad = good.toSpliced(middle, 0, depositOperation(unknownAccount));
  const watched = deposits[0]?.accountId ?? '';
  const before = await balanceOf(ways, watched);
  const refused = await submitAtomic(ways, submissionId, bad);
  if (refused === undefined) throw new Error('a batch with an unknown account was stored');
  await requireAbsent(ways, submissionId);
  const after = await balanceOf(ways, watched);
  if (after !== before) throw new Error(`the balance of ${watched} is ${after}, was ${before}`);
  const again = await submitAtomic(ways, submissionId, good);
  if (again !== undefined) throw new Error(`without it the batch was refused: ${again}`);
  await untilRead(ways, submissionId);
  return [
    `${bad.length} operations, number ${middle} to an account that does not exist: ${refused}`,
    `no such submission, and the balance of ${watched} is what it was`,
    `the same batch without that operation: stored, ${good.length} operations, one transaction`,
  ];
}

/** Undefined: stored. Else how the first refusal is told. */
async function submitAtomic(
  { bank, signal }: Ways,
  submissionId: string,
  operations: Operation[],
): Promise<string | undefined> {
  const { bulk } = bank.client;
  const mode = BatchMode.BATCH_MODE_ATOMIC;
  const request = { submissionId, mode, operations, bulkModeLeaseId: '' };
  try {
    await unaryCall(bulk.submitBatch.bind(bulk), request, { signal });
    return undefined;
  } catch (error) {
    const { code, reason, message } = callFault(error);
    if (!isServiceError(error) || reason !== 'ACCOUNT_NOT_FOUND') throw error;
    const index = decodeStatusDetails(error.metadata)?.metadata?.['item_index'] ?? 'none';
    return `${status[code]} ${reason} (item_index ${index}): ${message}`;
  }
}

async function requireAbsent({ bank, signal }: Ways, submissionId: string): Promise<void> {
  const { bulk } = bank.client;
  try {
    await unaryCall(bulk.getSubmission.bind(bulk), { submissionId }, { signal });
  } catch (error) {
    if (callFault(error).code === status.NOT_FOUND) return;
    throw error;
  }
  throw new Error(`${submissionId} was refused as a whole, and is there`);
}

async function balanceOf({ bank, signal }: Ways, accountId: string): Promise<bigint> {
  const { queries } = bank.client;
  const request = { accountId, minVersion: 0n };
  const { account } = await unaryCall(queries.getAccount.bind(queries), request, { signal });
  if (account?.balance === undefined) throw new Error(`${accountId} has no balance`);
  return account.balance.minorUnits;
}

const NO_DEPOSIT: DepositItem = {
  accountId: '',
  amount: { currencyCode: 'EUR', minorUnits: 1n },
  operationId: '',
  reference: '',
  valueDate: '',
};
