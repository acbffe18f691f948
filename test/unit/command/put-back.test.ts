/** What a batch has put off waits on since it came, whatever waits beside it. */
import { expect, it } from 'vitest';
import { WIDE_LIMITS } from '#test/support/batcher-limits.ts';
import { bulkItem, unaryItem } from '#test/support/batch-items.ts';
import { createLane, putBack, takeBatch } from '../../../command-svc/lane.ts';

const TAKING = { nowMs: 1_000, hasProcessor: true, lastUnaryMs: 900 };

it('a command that is put off is not as old as the bulk items beside it', () => {
  const lane = createLane(0);
  lane.bulk.push(bulkItem(0), 100);
  lane.unary.push(unaryItem(0), 900);
  const both = takeBatch(lane, WIDE_LIMITS, TAKING);
  expect(both).toMatchObject({ hasBulk: true, queuedSinceMs: 100 });
  putBack(lane, both.items, both);
  expect([lane.unary.oldestMs, lane.bulk.oldestMs]).toEqual([900, 100]);
});

it('a command that is put off is not as old as those that were stored beside it', () => {
  const lane = createLane(0);
  const [older, later] = [unaryItem(0), unaryItem(0)];
  const [olderBulk, laterBulk] = [bulkItem(0), bulkItem(0)];
  lane.unary.push(older, 100);
  lane.unary.push(later, 900);
  lane.bulk.push(olderBulk, 200);
  lane.bulk.push(laterBulk, 800);
  const taken = takeBatch(lane, WIDE_LIMITS, TAKING);
  putBack(lane, [later, laterBulk], taken);
  expect([lane.unary.oldestMs, lane.bulk.oldestMs]).toEqual([900, 800]);
});

it('a batch without bulk items is not as old as those that it leaves', () => {
  const lane = createLane(0);
  lane.bulk.push(bulkItem(0), 100);
  lane.unary.push(unaryItem(0), 900);
  const alone = takeBatch(lane, WIDE_LIMITS, { ...TAKING, hasProcessor: false });
  expect(alone).toMatchObject({ hasBulk: false, queuedSinceMs: 900 });
});
