/** WAL by database when backends come and go between two readings. */
import { describe, expect, it } from 'vitest';
import { WalSums, type BackendWal } from '#test/bench/backend-wal.ts';

const of = (backend: string, bytes: number, database = 'event_store'): BackendWal => ({
  backend,
  database,
  bytes,
});

describe('WAL of the backends of a database', () => {
  it('is what each has written since the first reading', () => {
    const sums = new WalSums([of('a', 100), of('b', 1_000, 'projection_store')]);
    sums.add([of('a', 130), of('b', 1_200, 'projection_store')]);
    expect(sums.byDatabase()).toEqual({ event_store: 30, projection_store: 200 });
  });

  it('does not fall when a backend ends that has written much before', () => {
    const sums = new WalSums([of('idle', 1_000_000), of('a', 100)]);
    sums.add([of('a', 130)]);
    expect(sums.byDatabase()).toEqual({ event_store: 30 });
  });

  it('counts a backend that has ended with what was last read of it', () => {
    const sums = new WalSums([of('a', 100)]);
    sums.add([of('a', 150)]);
    sums.add([]);
    expect(sums.byDatabase()).toEqual({ event_store: 50 });
  });

  it('counts all of a backend that has come since, also under an id that was another one', () => {
    const sums = new WalSums([of('7 earlier', 100)]);
    sums.add([of('7 later', 40)]);
    expect(sums.byDatabase()).toEqual({ event_store: 40 });
  });
});
