/** An operation that was executed before, rebuilt from the event that carries its id. */
import type { Executed } from './batch-item.ts';
import { decodeEvent, existingAccount } from './event-codec.ts';

export function replayedFrom(
  payload: Uint8Array,
  version: bigint,
  storedAtMicros: bigint,
): Executed & { readonly kind: 'replayed' } {
  const { event, after } = decodeEvent(payload);
  const state = existingAccount(after, version);
  return { kind: 'replayed', after: state, event, counterpart: undefined, storedAtMicros };
}
