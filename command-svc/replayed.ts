/**
 * Operations that were executed before: the same content is answered again, from the event that
 * carries the operation's id; other content is refused.
 */
import { reject } from '#domain/rejection.ts';
import type { AccountOperation } from './base-states.ts';
import type { Executed, ItemDecision } from './batch-item.ts';
import { sameContentHash } from './content-hash.ts';
import { decodeEvent, existingAccount } from './event-codec.ts';
import type { LoadedOperation } from './sql/load-accounts.ts';

type OwnExecuted = { readonly contentHash: string; readonly executed: Executed };

/** Undefined: neither the batch itself nor an earlier one has executed the operation. */
export function repeatOf(
  contentHash: string,
  operation: AccountOperation,
  own: OwnExecuted | undefined,
  stored: LoadedOperation | undefined,
): ItemDecision | undefined {
  if (own !== undefined) {
    if (own.contentHash !== contentHash) return reused(operation);
    // Who asks again may not reach the other account: it is read for him, or not at all.
    return { ...own.executed, kind: 'replayed', counterpart: undefined };
  }
  if (stored === undefined) return undefined;
  if (!sameContentHash(contentHash, stored.contentHash)) return reused(operation);
  return replayedFrom(stored.payload, stored.version, stored.recordedAtMicros);
}

export function replayedFrom(
  payload: Uint8Array,
  version: bigint,
  storedAtMicros: bigint,
): Executed & { readonly kind: 'replayed' } {
  const { event, after } = decodeEvent(payload);
  const state = existingAccount(after, version);
  return { kind: 'replayed', after: state, event, counterpart: undefined, storedAtMicros };
}

function reused({ accountId, operationId }: AccountOperation): ItemDecision {
  const operation = `operation ${operationId} of account ${accountId}`;
  const message = `${operation} was executed with other content: a new command takes a new id`;
  return { kind: 'rejected', rejection: reject('OPERATION_ID_REUSED', message, 'operation_id') };
}
