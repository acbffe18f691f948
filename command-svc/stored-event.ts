/**
 * An event as it is stored, in the table or in a row of the log: what its hash is over, in place.
 * Its bytes belong to the page that it was read in.
 */
import { chainHash, type ChainedFacts } from './event-chain.ts';

export type StoredEvent = ChainedFacts & {
  /** The payload is source from start to end. */
  readonly source: Buffer;
  readonly start: number;
  readonly end: number;
};

/** From the table `events`. */
export type TableEvent = StoredEvent & { readonly hash: string };

/** From a row of the log. */
export type LogEvent = StoredEvent & { readonly partition: number; readonly seq: bigint };

export function hashAfter(hashBefore: string, event: StoredEvent): string {
  return chainHash(hashBefore, event, event.source, event.start, event.end);
}

/** Whether two stored events of one version say the same. */
export function isSameEvent(a: StoredEvent, b: StoredEvent): boolean {
  return (
    a.type === b.type &&
    a.recordedAtMicros === b.recordedAtMicros &&
    a.operationId === b.operationId &&
    a.source.compare(b.source, b.start, b.end, a.start, a.end) === 0
  );
}
