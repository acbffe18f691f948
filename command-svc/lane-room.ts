/**
 * Who may join a lane: its queues are bounded in items, in bytes, and, for single commands, in
 * time. Uploads wait for room, direct batches not for that of streams. A single command is refused,
 * and early: what would hardly be answered by its deadline would be dropped in the end, after it
 * had made others wait.
 */
import type { BatchItem, QueueKind } from './batch-item.ts';
import { DEADLINE_PART_WAITED_MAX } from './bounds.ts';
import type { ItemQueue } from './item-queue.ts';
import type { Lane, LaneLimits } from './lane.ts';

/**
 * True when a bulk item must wait for room, among its kind: barriers and runs that wait count too.
 * Or when a command of two lanes finds none.
 */
export function hasNoRoom(lane: Lane, kind: QueueKind, limits: LaneLimits): boolean {
  if (kind === 'unary') return hasNoBarrierRoom(lane, limits);
  const { inBarriers } = lane;
  const { length: items, bytes, inRuns } = lane[kind];
  const length = items + inBarriers.items + inRuns.items;
  return isQueueFull({ length, bytes: bytes + inBarriers.bytes + inRuns.bytes }, limits);
}

/**
 * True when a barrier, or a command of two lanes, finds no room. What streams have brought does not
 * count, in runs neither: streams that keep the queue full would shut all others out.
 */
export function hasNoBarrierRoom({ inBarriers }: Lane, limits: LaneLimits): boolean {
  const { items: length, bytes } = inBarriers;
  return isQueueFull({ length, bytes }, limits);
}

export function isQueueFull(
  { length, bytes }: Pick<ItemQueue, 'length' | 'bytes'>,
  limits: LaneLimits,
): boolean {
  return length >= limits.queueItemsMax || bytes >= limits.queueBytesMax;
}

/** True when the command would wait too long in the lane, for its deadline or for anybody. */
export function isTooSlow(
  lane: Lane,
  { origin }: BatchItem,
  limits: LaneLimits,
  nowMs: number,
): boolean {
  const waitMs = waitInMs(lane, limits, nowMs);
  if (waitMs > limits.queueMsMax) return true;
  if (origin.kind !== 'unary' || origin.deadlineAtMs === undefined) return false;
  return waitMs > (origin.deadlineAtMs - nowMs) * DEADLINE_PART_WAITED_MAX;
}

/**
 * What it would wait for its batch to start: by what stands before it, and not less than the oldest
 * has waited, which tells when the lane stands still.
 */
function waitInMs(
  { unary, inBarriers, pace }: Lane,
  { batchItemsMax }: LaneLimits,
  nowMs: number,
): number {
  const turns = Math.floor((unary.length + inBarriers.items) / batchItemsMax);
  return Math.max(pace.waitMs(turns, nowMs), nowMs - unary.oldestMs);
}
