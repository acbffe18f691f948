/**
 * The messages of a stream as they may be taken in: counted against their caller's quota, and where
 * results flow back, in as many parts as there is room for their results, mostly one. Who waits
 * here has decoded nothing yet: a caller that does not read its results holds up no other stream.
 */
import { MESSAGE_ITEMS_MAX } from './bounds.ts';
import type { RawMessage } from './bulk-messages.ts';
import type { BulkStream } from './bulk-stream.ts';
import { countItems } from './count-items.ts';
import type { ResultFeed } from './result-feed.ts';
import type { IntakeContext } from './take-stream.ts';

/** The items of a message from one place to another; each part is decoded for itself. */
export type MessagePart = {
  readonly raw: RawMessage;
  /** All items of the message; undefined: nobody needs to know before it is decoded. */
  readonly counted: number | undefined;
  readonly from: number;
  /** Undefined: to its end. */
  readonly until: number | undefined;
};

/** `begin`: before the first part. */
export async function* messageParts(
  { itemQuota }: Pick<IntakeContext, 'itemQuota'>,
  stream: BulkStream,
  results: ResultFeed | undefined,
  begin: () => void,
): AsyncGenerator<MessagePart, void, void> {
  for await (const raw of stream.messages()) {
    const isCounted = results !== undefined || itemQuota !== undefined;
    const counted = isCounted ? countItems(raw) : undefined;
    // Before it counts as an upload: who waits for the share of its first message holds nothing.
    if (counted !== undefined) await takeShare(itemQuota, stream, counted);
    begin();
    const isRefused = counted !== undefined && counted > MESSAGE_ITEMS_MAX; // once it is decoded
    if (results === undefined || counted === undefined || isRefused) {
      yield { raw, counted, from: 0, until: undefined };
      continue;
    }
    let from = 0;
    do {
      const until = from + (await roomFor(results, stream, counted - from));
      yield { raw, counted, from, until };
      from = until;
    } while (from < counted);
  }
}

/** Throws when the stream has ended meanwhile; then it takes no more of its caller's share. */
async function takeShare(
  itemQuota: IntakeContext['itemQuota'],
  { caller, end, orEnd, throwIfEnded }: BulkStream,
  items: number,
): Promise<void> {
  if (itemQuota === undefined) return;
  await orEnd(itemQuota.wait(caller, items, throwIfEnded).catch(end));
  throwIfEnded();
}

async function roomFor(
  results: ResultFeed,
  { orEnd, throwIfEnded }: BulkStream,
  items: number,
): Promise<number> {
  let room = 0;
  await orEnd(results.roomFor(items).then((taken) => void (room = taken)));
  throwIfEnded();
  return room;
}
