/** The events of a history, found by what rules ask for. */
import { placeOf } from '#test/support/closed-versions.ts';
import type { History, StoredEvent } from './history.ts';

export type Indexed = {
  readonly byPlace: ReadonlyMap<string, StoredEvent>;
  /** Of each account in the order of the log. */
  readonly byAccount: ReadonlyMap<string, readonly StoredEvent[]>;
  readonly byOperation: ReadonlyMap<string, readonly StoredEvent[]>;
  readonly bySubmission: ReadonlyMap<string, ItemEvents>;
};

/** By item index. */
export type ItemEvents = ReadonlyMap<number, readonly StoredEvent[]>;

export const NO_ITEMS: ItemEvents = new Map();

export function indexEvents({ events }: Pick<History, 'events'>): Indexed {
  const bySubmission = new Map<string, Map<number, StoredEvent[]>>();
  for (const event of events) {
    if (event.item === undefined) continue;
    const { submissionId, index } = event.item;
    const items = bySubmission.get(submissionId) ?? new Map<number, StoredEvent[]>();
    bySubmission.set(submissionId, items);
    items.set(index, [...(items.get(index) ?? []), event]);
  }
  const named = events.filter(({ operationId }) => operationId !== undefined);
  return {
    byPlace: new Map(events.map((event) => [placeOf(event), event])),
    byAccount: Map.groupBy(events, ({ accountId }) => accountId),
    byOperation: Map.groupBy(named, ({ operationId }) => operationId ?? ''),
    bySubmission,
  };
}
