/** A sender counts what has not left, and waits no longer than it must. */
import { describe, expect, it } from 'vitest';
import { boundedSender } from '#platform/bounded-sender.ts';

const LIMIT = 100;

/** A stream whose reader takes a message only when the test says so. */
function slowStream() {
  const taken: string[] = [];
  const waiting: (() => void)[] = [];
  return {
    taken,
    waiting,
    write: (message: string, done: () => void) => {
      taken.push(message);
      waiting.push(done);
    },
    read: () => waiting.shift()?.(),
  };
}

describe('a bounded sender', () => {
  it('has room below its limit, and again when enough has been read', async () => {
    const stream = slowStream();
    const sender = boundedSender<string>(stream, LIMIT, new AbortController().signal);
    sender.send('a', 60);
    await sender.room();
    sender.send('b', 60);
    expect(await sender.roomWithin(1)).toBe(false);
    const room = sender.room();
    stream.read();
    await room;
    expect(await sender.roomWithin(1_000)).toBe(true);
    expect(stream.taken).toEqual(['a', 'b']);
  });

  it('sends a message that is greater than the limit, when there is room', async () => {
    const stream = slowStream();
    const sender = boundedSender<string>(stream, LIMIT, new AbortController().signal);
    sender.send('big', 10 * LIMIT);
    expect(await sender.roomWithin(1)).toBe(false);
    stream.read();
    await sender.room();
  });

  it('ends its wait with the reason of the signal', async () => {
    const stream = slowStream();
    const ending = new AbortController();
    const sender = boundedSender<string>(stream, LIMIT, ending.signal);
    sender.send('a', LIMIT);
    const room = sender.room();
    ending.abort(new Error('rotated'));
    await expect(room).rejects.toThrow('rotated');
    await expect(sender.room()).rejects.toThrow('rotated');
  });
});
