/** What tells an older copy of the event store from a commit that is not seen yet. */
import { describe, expect, test } from 'vitest';
import { createAheadOfLog } from '../../../projector-svc/ahead-of-log.ts';
import { TAIL } from '../../../projector-svc/config.ts';

describe('a projection that is ahead', () => {
  function looks(...heads: [atMs: number, projected: bigint, log: bigint][]): boolean[] {
    const ahead = createAheadOfLog();
    return heads.map(([atMs, seq, logSeq]) => {
      const log = { partition: 3, seq: logSeq, batchIdHere: undefined, waitingSince: undefined };
      return ahead.isLasting({ partition: 3, seq }, log, atMs);
    });
  }

  test('of a position that stays unseen is ahead of an older copy', () => {
    const end = 1_000 + TAIL.aheadMs;
    expect(looks([1_000, 5n, 4n], [2_000, 5n, 4n], [end - 1, 6n, 4n], [end, 6n, 4n])).toEqual([
      false,
      false,
      false,
      true,
    ]);
  });

  test('of positions that come to be seen has only been quicker', () => {
    const later = 1_000 + TAIL.aheadMs;
    expect(looks([1_000, 5n, 4n], [later, 9n, 8n], [later + 1_000, 9n, 8n])).toEqual([
      false,
      false,
      false,
    ]);
    expect(looks([1_000, 5n, 4n], [2_000, 5n, 5n], [later, 6n, 5n])).toEqual([false, false, false]);
  });
});
