/**
 * Writes to a server stream whose caller may read slowly. grpc-js keeps what it is given, sixteen
 * messages before it says so: this counts the bytes that have not left, so that a caller who stops
 * reading costs the limit and one message more, whatever their size. One sends, and one waits.
 */
import { abortReason } from './waiting.ts';

export type BoundedSender<Message> = {
  /** The message is on its way; ask room before the next. */
  send(message: Message, bytes: number): void;
  /** Resolves when there is room again; throws the signal's reason when it aborts meanwhile. */
  room(): Promise<void>;
  /** The same, but no longer than so: whether there is room. */
  roomWithin(ms: number): Promise<boolean>;
};

type Writable<Message> = { write(message: Message, done: () => void): unknown };

export function boundedSender<Message>(
  stream: Writable<Message>,
  bytesMax: number,
  signal: AbortSignal,
): BoundedSender<Message> {
  let unsentBytes = 0;
  let wake: (() => void) | undefined;
  const hasRoom = (): boolean => unsentBytes < bytesMax;
  signal.addEventListener('abort', () => wake?.(), { once: true });

  const waitForRoom = async (ms: number | undefined): Promise<boolean> => {
    signal.throwIfAborted();
    if (hasRoom()) return true;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = ms === undefined ? undefined : setTimeout(resolve, ms);
    wake = resolve;
    await promise;
    clearTimeout(timer);
    wake = undefined;
    if (signal.aborted) throw abortReason(signal);
    return hasRoom();
  };
  return {
    send(message, bytes) {
      unsentBytes += bytes;
      // Called for a stream that is gone too, with an error: its signal tells why.
      stream.write(message, () => {
        unsentBytes -= bytes;
        if (hasRoom()) wake?.();
      });
    },
    room: async () => {
      await waitForRoom(undefined);
    },
    roomWithin: waitForRoom,
  };
}
