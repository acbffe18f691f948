/**
 * Messages of an upload that have come and that its handler has not taken. grpc-js reads ahead by
 * number, sixteen messages of whatever size, which is tens of megabytes a stream: here it reads
 * ahead by bytes. Whoever takes a message out of a call says so by messageTaken; what is never
 * taken ends with its call.
 */
const onTaken = new WeakMap<object, () => void>();

/** The handler has the message in hand. */
export function messageTaken(message: unknown): void {
  if (typeof message !== 'object' || message === null) return;
  onTaken.get(message)?.();
  onTaken.delete(message);
}

export type ReadAhead = {
  /** Reads now, or when enough has been taken. */
  read(): void;
  came(message: unknown): void;
};

export function readAhead(bytesMax: number, read: () => void): ReadAhead {
  let unreadBytes = 0;
  let isHeld = false;
  return {
    read() {
      if (unreadBytes < bytesMax) read();
      else isHeld = true;
    },
    came(message) {
      const bytes = bytesOf(message);
      if (bytes === 0 || typeof message !== 'object' || message === null) return;
      unreadBytes += bytes;
      onTaken.set(message, () => {
        unreadBytes -= bytes;
        if (!isHeld || unreadBytes >= bytesMax) return;
        isHeld = false;
        read();
      });
    },
  };
}

/** Of messages that are handed on as they came; others are small. */
function bytesOf(message: unknown): number {
  if (typeof message !== 'object' || message === null || !('bytes' in message)) return 0;
  return message.bytes instanceof Uint8Array ? message.bytes.length : 0;
}
