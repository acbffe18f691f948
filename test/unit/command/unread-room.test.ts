/** Room for results that are not read: never more than there is, and some for whoever comes. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createUnreadRoom } from '../../../command-svc/unread-room.ts';

describe('the room of all streams', () => {
  it('is there for one more, however greedy those are that came before', () => {
    const room = createUnreadRoom(1_000, 10); // 50 for each, 500 to share
    for (let n = 0; n < 9; n++) {
      const greedy = room.ofStream();
      greedy.take(greedy.free());
      expect(greedy.free()).toBeLessThanOrEqual(125);
    }
    expect(room.ofStream().free()).toBeGreaterThanOrEqual(50);
  });

  it('is a half for a stream alone, and again when it was given back', () => {
    const room = createUnreadRoom(1_000, 10);
    const [one, other] = [room.ofStream(), room.ofStream()];
    expect(one.free()).toBe(300);
    one.take(300);
    expect(one.free()).toBe(0);
    expect(other.free()).toBe(50 + 125);
    one.giveBack(260);
    expect(one.free()).toBe(10 + 250);
    expect(other.free()).toBe(50 + 250);
  });

  it('has a place for each stream though it is small', () => {
    const room = createUnreadRoom(3, 10);
    expect(room.ofStream().free()).toBe(1);
  });

  it('is never passed, and always has one for who holds nothing', () => {
    const STREAMS = 8;
    const step = fc.record({
      stream: fc.nat(STREAMS - 1),
      takes: fc.boolean(),
      part: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.integer({ min: STREAMS * 2, max: 10_000 }), fc.array(step), (most, steps) => {
        const room = createUnreadRoom(most, STREAMS);
        const streams = Array.from({ length: STREAMS }, () => ({ room: room.ofStream(), held: 0 }));
        for (const { stream, takes, part } of steps) {
          const one = streams[stream];
          if (one === undefined) continue;
          const results = Math.ceil(part * (takes ? one.room.free() : one.held));
          one.held += takes ? results : -results;
          if (takes) one.room.take(results);
          else one.room.giveBack(results);
          expect(streams.reduce((sum, { held }) => sum + held, 0)).toBeLessThanOrEqual(most);
          for (const { room: own, held } of streams)
            if (held === 0) expect(own.free()).toBeGreaterThan(0);
        }
      }),
    );
  });
});
