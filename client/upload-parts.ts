/**
 * Cuts the items of any iterable into parts of consecutive indexes, each kept in memory until it is
 * stored: a stream that breaks sends its part again, and the source is read once and no further
 * ahead than the parts in hand.
 */
import { abortReason } from '#platform/waiting.ts';
import type { ItemSource } from './bulk-messages.ts';

/** Items in order; or, from an index on, what can be read again there. */
export type Items<Item> =
  Iterable<Item> | AsyncIterable<Item> | ((fromIndex: number) => AsyncIterable<Item>);

/** The items end before what an upload of before has stored of them: they are others. */
export class ItemsMissingError extends Error {
  override readonly name = 'ItemsMissingError';
}

/** An upload of before has stored others under the same indexes. */
export class ItemsDifferError extends Error {
  override readonly name = 'ItemsDifferError';

  constructor(submissionId: string, itemIndex: bigint) {
    const message = `item ${itemIndex} is not what ${submissionId} has stored of it`;
    super(`${message}: are they the items of this submission?`);
  }
}

export type UploadPart<Item> = {
  readonly from: number;
  readonly items: readonly Item[];
};

/**
 * Parts from `fromIndex` on; what stands before it is passed over. None goes over `storedEnd`, up
 * to where all is stored already.
 */
export async function* uploadParts<Item>(
  source: Items<Item>,
  fromIndex: number,
  partItems: number,
  storedEnd: number,
): AsyncGenerator<UploadPart<Item>, void, void> {
  const fromThere = typeof source === 'function';
  let index = fromThere ? fromIndex : 0;
  let items: Item[] = [];
  for await (const item of fromThere ? source(fromIndex) : source) {
    if (index >= fromIndex) items.push(item);
    index += 1;
    if (items.length === 0) continue;
    if (items.length < partItems && index !== storedEnd) continue;
    yield { from: index - items.length, items };
    items = [];
  }
  if (index < storedEnd) {
    const message = `${storedEnd} items are stored, and the source has only ${index}`;
    throw new ItemsMissingError(`${message}: is it the one of this submission?`);
  }
  if (items.length > 0) yield { from: index - items.length, items };
}

/** The next part, unless the signal aborts before: a source may have nothing to give for long. */
export async function nextPart<Item>(
  parts: AsyncGenerator<UploadPart<Item>, void, void>,
  signal: AbortSignal,
): Promise<IteratorResult<UploadPart<Item>, void>> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const cut = () => aborted.reject(abortReason(signal));
  signal.addEventListener('abort', cut, { once: true });
  try {
    return await Promise.race([parts.next(), aborted.promise]);
  } finally {
    signal.removeEventListener('abort', cut);
  }
}

/** Lets the source close what it has open. Not awaited: it may be waiting for its next item. */
export function endParts<Item>(parts: AsyncGenerator<UploadPart<Item>, void, void>): void {
  parts.return().catch(() => undefined);
}

/** The part as what a stream of its own reads. */
export function partSource<Item>({ from, items }: UploadPart<Item>): ItemSource<Item> {
  return async function* (fromIndex) {
    yield items.slice(Math.max(0, fromIndex - from));
  };
}
