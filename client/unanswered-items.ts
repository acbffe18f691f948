/**
 * The items of a stream whose answers come one by one: read ahead of the wire up to a bound, kept
 * until they are answered, and handed out again from the first unanswered one when a stream broke.
 * The source is read once.
 */
import { setImmediate } from 'node:timers/promises';
import type { ItemMessage } from './bulk-messages.ts';
import type { Items } from './upload-parts.ts';

export type UnansweredItems<Item> = {
  /**
   * All that is not answered, then what comes, in messages of `max` items at most; a message waits
   * for no item that has not come. Of two readings the newer one counts: the older one ends.
   */
  messages: (max: number) => AsyncGenerator<ItemMessage<Item>, void, void>;
  /** Whether it was waited for. */
  answered: (index: number) => boolean;
  /** How many wait for their answer. */
  count: () => number;
  /** The index after the last item; known at the end of the source. */
  endIndex: () => number;
  /** Why the source ended before its end; undefined: it has not. */
  failure: () => { readonly error: unknown } | undefined;
  /** Reads no further. */
  stop: () => void;
};

export function unansweredItems<Item>(
  source: Items<Item>,
  itemsMax: number,
): UnansweredItems<Item> {
  const kept = new Map<number, Item>();
  let endIndex = 0;
  let done = false;
  let failed: { readonly error: unknown } | undefined;
  let reading = 0;
  let wakeSender: () => void = ignore;
  let wakeReader: () => void = ignore;
  const read = async (): Promise<void> => {
    for await (const item of typeof source === 'function' ? source(0) : source) {
      if (done) return;
      kept.set(endIndex, item);
      endIndex += 1;
      wakeSender();
      if (kept.size >= itemsMax) await new Promise<void>((resolve) => (wakeReader = resolve));
    }
  };
  const finished = (error?: { readonly error: unknown }): void => {
    failed = error;
    done = true;
    wakeSender();
  };
  let started = false;
  const start = (): void => {
    if (started) return;
    started = true;
    read().then(
      () => finished(),
      (error: unknown) => finished({ error }),
    );
  };
  return {
    async *messages(max) {
      start();
      reading += 1;
      const mine = reading;
      wakeSender();
      let at = 0;
      for (;;) {
        const message = messageFrom(kept, at, endIndex, max);
        if (mine !== reading || failed !== undefined) return;
        if (message !== undefined) {
          at = message.firstIndex + message.items.length;
          yield message;
        } else if (done) return;
        else {
          await new Promise<void>((resolve) => (wakeSender = resolve));
          await setImmediate();
        }
      }
    },
    answered(index) {
      const was = kept.delete(index);
      if (kept.size < itemsMax) wakeReader();
      return was;
    },
    count: () => kept.size,
    endIndex: () => endIndex,
    failure: () => failed,
    stop: () => {
      done = true;
      wakeReader();
      wakeSender();
    },
  };
}

/** Kept items of consecutive indexes, from the first one at or behind `at` on. */
function messageFrom<Item>(
  kept: ReadonlyMap<number, Item>,
  at: number,
  endIndex: number,
  max: number,
): ItemMessage<Item> | undefined {
  let firstIndex = at;
  while (firstIndex < endIndex && !kept.has(firstIndex)) firstIndex += 1;
  const items: Item[] = [];
  for (let index = firstIndex; items.length < max; index += 1) {
    const item = kept.get(index);
    if (item === undefined) break;
    items.push(item);
  }
  return items.length === 0 ? undefined : { firstIndex, items };
}

function ignore(): void {}
