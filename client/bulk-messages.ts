/**
 * Cuts a source of items into the messages of one upload stream: only items of the ranges that are
 * missing, each message within the item and byte limits and with consecutive indexes, so that its
 * first index says all. Pulls from the source only as fast as its own reader pulls: back-pressure
 * goes through.
 */

/**
 * Items from an index on, in order, in chunks of any size; the same items at each reading. A
 * reading for a stream that broke may still wait for an item when the next one begins.
 */
export type ItemSource<Item> = (fromIndex: number) => AsyncIterable<readonly Item[]>;

/** From `from` up to, not including, `end`. */
export type ItemRange = { readonly from: number; readonly end: number };

export type ItemMessage<Item> = { readonly firstIndex: number; readonly items: readonly Item[] };

export type MessageLimits<Item> = {
  readonly items: number;
  readonly bytes: number;
  /** Upper bound of an item's bytes on the wire. */
  readonly bytesOf: (item: Item) => number;
};

export const ALL_ITEMS: readonly ItemRange[] = [{ from: 0, end: Number.MAX_SAFE_INTEGER }];

/** `ranges` ascend and do not touch. */
export async function* itemMessages<Item>(
  source: ItemSource<Item>,
  ranges: readonly ItemRange[],
  limits: MessageLimits<Item>,
): AsyncGenerator<ItemMessage<Item>, void, void> {
  const first = ranges[0];
  if (first === undefined) return;
  let index = first.from;
  let rangeAt = 0;
  let message = startMessage<Item>(index);
  for await (const chunk of source(first.from)) {
    for (const item of chunk) {
      while (index >= (ranges[rangeAt]?.end ?? Infinity)) rangeAt++;
      const range = ranges[rangeAt];
      if (range !== undefined && index >= range.from) {
        const bytes = limits.bytesOf(item);
        if (!fits(message, index, bytes, limits)) {
          yield message;
          message = startMessage(index);
        }
        if (message.items.length === 0) message.firstIndex = index;
        message.items.push(item);
        message.bytes += bytes;
      }
      index++;
    }
    if (rangeAt >= ranges.length) break;
  }
  if (message.items.length > 0) yield message;
}

type Draft<Item> = { firstIndex: number; items: Item[]; bytes: number };

function startMessage<Item>(firstIndex: number): Draft<Item> {
  return { firstIndex, items: [], bytes: 0 };
}

function fits<Item>(
  { firstIndex, items, bytes }: Draft<Item>,
  index: number,
  itemBytes: number,
  limits: MessageLimits<Item>,
): boolean {
  if (items.length === 0) return true;
  if (items.length >= limits.items || bytes + itemBytes > limits.bytes) return false;
  return firstIndex + items.length === index;
}
