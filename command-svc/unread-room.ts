/**
 * Room for the results that callers of BulkSubmit have not read, of all streams together, counted
 * in results. Whether a caller reads is its own affair, so nobody waits for another's reading: half
 * of the room is divided among the streams, and of the other half a stream holds no more than it
 * leaves to others. However many do not read, there is room for whoever comes.
 */
export type UnreadRoom = {
  /** That of one more stream. */
  ofStream(): StreamRoom;
};

export type StreamRoom = {
  /** What the stream may take now: one at least when it holds nothing. */
  free(): number;
  /** Holds so many more, which must be free. */
  take(results: number): void;
  giveBack(results: number): void;
};

/** `streamsMax`: as many as there may be at once. */
export function createUnreadRoom(resultsMax: number, streamsMax: number): UnreadRoom {
  const own = Math.max(1, Math.floor(resultsMax / 2 / streamsMax));
  const shared = Math.max(0, resultsMax - own * streamsMax);
  let sharedHeld = 0;

  const ofStream = (): StreamRoom => {
    let held = 0;
    const hold = (results: number): void => {
      const before = beyond(own, held);
      held += results;
      sharedHeld += beyond(own, held) - before;
    };
    return {
      free() {
        const ownFree = own - Math.min(own, held);
        const left = shared - sharedHeld - beyond(own, held);
        return ownFree + Math.max(0, Math.floor(left / 2));
      },
      take: hold,
      giveBack: (results) => hold(-results),
    };
  };
  return { ofStream };
}

function beyond(own: number, held: number): number {
  return Math.max(0, held - own);
}
