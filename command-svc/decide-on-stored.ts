/**
 * A decision on what is stored now, for callers that only ask: all is read in one snapshot, and
 * nothing is written, locked or kept. Items see the effects of those before them, however many they
 * are: what would be several rows of the log is decided in as many pieces.
 */
import { withSnapshot } from '#platform/postgres.ts';
import { loadStates } from './account-states.ts';
import { operationKey, reversalKey, type BaseStates } from './base-states.ts';
import type { BatchItem, ItemDecision } from './batch-item.ts';
import { decideBatch, type DecidedBatch } from './decide-batch.ts';
import { createLaneStates, type StatesLimits } from './lane-states.ts';
import type { LoadedOperation } from './sql/load-accounts.ts';
import { readFromEventStore, type SubmissionContext } from './submission-transactions.ts';
import { wantedOf } from './wanted.ts';

export type TrialContext = SubmissionContext & { readonly states: StatesLimits };

/** One decision for each item. */
export async function decideOnStored(
  context: TrialContext,
  items: readonly BatchItem[],
): Promise<readonly ItemDecision[]> {
  const nowMicros = BigInt(Date.now()) * 1000n;
  let base = await readBase(context, items);
  const decisions: ItemDecision[] = [];
  while (decisions.length < items.length) {
    const piece = decideBatch(base, items.slice(decisions.length), nowMicros);
    decisions.push(...piece.decisions);
    base = baseAfter(base, piece);
  }
  return decisions;
}

function readBase(context: TrialContext, items: readonly BatchItem[]): Promise<BaseStates> {
  const wanted = wantedOf(items);
  const { holders } = context;
  const limits = { ...context.states, accountsMax: Math.max(1, wanted.accountIds.size) };
  return readFromEventStore(context, (pool) =>
    withSnapshot(pool, (client) => {
      // A lane of its own that has seen nothing: whatever the accounts' partitions, it keeps
      // nothing.
      const lane = createLaneStates(0, limits);
      const options = { limits, holders, readHead: true, headTaken: false };
      return loadStates(client, lane, wanted, options);
    }),
  );
}

/** As if the piece were stored. */
function baseAfter(base: BaseStates, piece: DecidedBatch): BaseStates {
  const operations = new Map(base.operations);
  for (const operation of operationsOf(piece)) operations.set(operationKey(operation), operation);
  const endedHolds = new Map(base.endedHolds);
  for (const { accountId, holdId, end } of piece.holds) {
    if (end !== undefined) endedHolds.set(accountId + holdId, end);
  }
  const reversed = new Set(base.reversed);
  for (const { accountId, reversedVersion } of piece.reversals) {
    reversed.add(reversalKey(accountId, reversedVersion));
  }
  const accounts = new Map([...base.accounts, ...piece.newStates]);
  return { ...base, accounts, operations, endedHolds, reversed };
}

function* operationsOf({ events, payloads }: DecidedBatch): Generator<LoadedOperation> {
  for (const { accountId, operationId, after, item, start, end } of events) {
    if (operationId === undefined) continue;
    yield {
      accountId,
      operationId,
      version: after.state.version,
      recordedAtMicros: after.recordedAtMicros,
      hash: Buffer.from(after.hash, 'latin1'),
      payload: Buffer.from(payloads.subarray(start, end)),
      contentHash: Buffer.from(item.contentHash, 'latin1'),
    };
  }
}
