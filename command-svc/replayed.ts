/** An operation that was executed before, rebuilt from the event that carries its id. */
import { reject } from '#domain/rejection.ts';
import type { AccountOperation } from './account-states.ts';
import type { Executed, ItemDecision } from './batch-item.ts';
import { sameContentHash } from './content-hash.ts';
import { decodeEvent, existingAccount } from './event-codec.ts';
import type { LoadedOperation } from './sql/load-accounts.ts';

export function replayedFrom(
  payload: Uint8Array,
  version: bigint,
  storedAtMicros: bigint,
): Executed & { readonly kind: 'replayed' } {
  const { event, after } = decodeEvent(payload);
  const state = existingAccount(after, version);
  return { kind: 'replayed', after: state, event, counterpart: undefined, storedAtMicros };
}

/** Same content: the original outcome. */
export function repeated(stored: LoadedOperation, contentHash: string): ItemDecision {
  if (!sameContentHash(contentHash, stored.contentHash)) return reused(stored);
  return replayedFrom(stored.payload, stored.version, stored.recordedAtMicros);
}

export function reused({ accountId, operationId }: AccountOperation): ItemDecision {
  const operation = `operation ${operationId} of account ${accountId}`;
  const message = `${operation} was executed with other content`;
  return { kind: 'rejected', rejection: reject('OPERATION_ID_REUSED', message, 'operation_id') };
}
