/** ReverseSubmission, and what is left of the accounts that it undoes things on. */
import {
  BulkServiceService as BULK,
  ReverseSubmissionRequest,
  type ReverseSubmissionResponse,
} from '#proto/bank/v1/bulk_service.ts';
import type { BulkReceipt } from '#proto/bank/v1/submission.ts';
import { decodeEvent } from '../../command-svc/event-codec.ts';
import { callUnary, type IntakeReplica } from '#test/support/intake-replica.ts';
import type { Stores } from '#test/support/stored-rows.ts';

export async function reverse(
  { bulk }: Pick<IntakeReplica, 'bulk'>,
  submissionId: string,
  reversedSubmissionId: string,
  reason = 'sent by mistake',
  signal?: AbortSignal,
): Promise<BulkReceipt> {
  const request = ReverseSubmissionRequest.fromPartial({
    submissionId,
    reversedSubmissionId,
    reason,
  });
  const answer: ReverseSubmissionResponse = await callUnary(
    bulk,
    BULK.reverseSubmission,
    request,
    signal,
  );
  if (answer.receipt === undefined) throw new Error('no receipt');
  return answer.receipt;
}

/** Every account's balance as its newest event has it. */
export async function balancesOf(
  { eventStore }: Pick<Stores, 'eventStore'>,
  accountIds: readonly string[],
): Promise<bigint[]> {
  const { rows } = await eventStore.query<{ account_id: string; payload: Buffer }>(
    `select distinct on (account_id) account_id, payload from events
      where account_id = any ($1) order by account_id, version desc`,
    [accountIds],
  );
  const balances = new Map(
    rows.map((row) => [row.account_id, decodeEvent(row.payload).after.balanceMinor]),
  );
  return accountIds.map((id) => balances.get(id) ?? 0n);
}
