/**
 * The refused items as a caller sees them: ListRejections page by page, counted by reason, with
 * three examples of each.
 */
import type { BankClient } from '#client/bank-client.ts';
import { unaryCall } from '#client/unary-call.ts';
import type { Rejection } from '#proto/bank/v1/submission.ts';

const EXAMPLES = 3;
const PAGE_SIZE = 1_000;

export type RejectionsByReason = ReadonlyMap<string, { count: number; examples: Rejection[] }>;

export async function listRejections(
  { bulk }: BankClient,
  submissionId: string,
  signal: AbortSignal,
): Promise<RejectionsByReason> {
  const reasons = new Map<string, { count: number; examples: Rejection[] }>();
  let pageToken = '';
  do {
    const request = { submissionId, pageSize: PAGE_SIZE, pageToken };
    const page = await unaryCall(bulk.listRejections.bind(bulk), request, { signal });
    for (const rejection of page.rejections) {
      const found = reasons.get(rejection.reason) ?? { count: 0, examples: [] };
      reasons.set(rejection.reason, found);
      found.count++;
      if (found.examples.length < EXAMPLES) found.examples.push(rejection);
    }
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return new Map([...reasons].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
