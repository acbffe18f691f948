/**
 * Groups items into batches: a lane for each partition, with bounded queues (unary commands, direct
 * batches, streams) and at most one batch in flight, so that a lane's states have one owner.
 *
 * When a batch starts is in batch-start.ts. Barriers (barrier-queue.ts) take several lanes at once.
 * Items that a batch puts off go first in their lane's next one. Stopping drains: nothing new is
 * taken, all that was taken is processed.
 */
import { queueKindOf, type BatchItem } from './batch-item.ts';
import { partitionsOf, type Barrier, type ProcessBarrier } from './barrier.ts';
import { BarrierQueue, type ReadyBarrier } from './barrier-queue.ts';
import { loadOf, type BatcherLoad } from './batcher-load.ts';
import { hasProcessor, isDue, runItemsMax, wakeAtMs } from './batch-start.ts';
import type { BatcherLimits, InFlight, Moment } from './batch-start.ts';
import { shuttingDown } from './shutting-down.ts';
import { createLane, holdsItems, putBack, takeBatch, wakeRoomWaiters } from './lane.ts';
import type { Lane, ProcessBatch } from './lane.ts';
import { hasNoBarrierRoom, hasNoRoom, isQueueFull, isTooSlow } from './lane-room.ts';

export type Batcher = {
  /** False: that lane's queue is full, or too slow for the item's deadline. */
  tryEnqueue(item: BatchItem): boolean;
  /** The same for all of its items at once. */
  tryEnqueueBarrier(barrier: Barrier): boolean;
  /** Resolves when there may be room again for the bulk item, in all of its lanes. */
  whenRoom(item: BatchItem): Promise<void>;
  /** Resolves when all that was taken has been processed. */
  stop(): Promise<void>;
};

export type AdjustableBatcher = Batcher & {
  /** From the next dispatch on; a shorter queue takes nothing until it is below its limit. */
  adjust(limits: BatcherLimits): void;
  /** What waits now. */
  load(): BatcherLoad;
};

export function createBatcher(
  partitionCount: number,
  limits: BatcherLimits,
  process: ProcessBatch,
  processBarrier: ProcessBarrier,
): AdjustableBatcher {
  return new LaneBatcher(partitionCount, limits, process, processBarrier);
}

const RESEND = 'send the command again';

class LaneBatcher implements AdjustableBatcher {
  #limits: BatcherLimits;
  readonly #process: ProcessBatch;
  readonly #processBarrier: ProcessBarrier;
  readonly #barriers = new BarrierQueue();
  readonly #lanes: readonly Lane[];
  /** Lanes that hold items and have no batch in flight, the longest waiting first. */
  readonly #waiting = new Set<Lane>();
  readonly #inFlight: InFlight = { bulk: 0, unary: 0 };
  /** When a unary command came last, whatever its lane. */
  #lastUnaryMs = Number.NEGATIVE_INFINITY;
  #dispatchPlanned = false;
  #timer: NodeJS.Timeout | undefined;
  #stopped: PromiseWithResolvers<void> | undefined;
  readonly load = (): BatcherLoad => loadOf(this.#lanes, this.#inFlight, performance.now());

  constructor(
    partitionCount: number,
    limits: BatcherLimits,
    process: ProcessBatch,
    processBarrier: ProcessBarrier,
  ) {
    this.#limits = limits;
    this.#process = process;
    this.#processBarrier = processBarrier;
    this.#lanes = Array.from({ length: partitionCount }, (_, partition) => createLane(partition));
  }

  tryEnqueue(item: BatchItem): boolean {
    if (this.#refuses([item])) return true;
    if (item.otherPartition !== undefined) return this.#tryEnqueueWide(item);
    const lane = this.#lane(item.partition);
    const kind = queueKindOf(item);
    if (kind === 'unary') {
      const nowMs = performance.now();
      if (isQueueFull(lane.unary, this.#limits)) return false;
      if (isTooSlow(lane, item, this.#limits, nowMs)) return false;
      this.#lastUnaryMs = nowMs;
      lane.unary.push(item, nowMs);
      lane.pace.begin(nowMs);
    } else {
      if (hasNoRoom(lane, kind, this.#limits)) return false;
      if (this.#barriers.joinsRun(item, lane, () => this.#runItemsMax)) return true;
      lane[kind].push(item, performance.now());
    }
    if (!lane.busy) this.#waiting.add(lane);
    this.#planDispatch();
    return true;
  }

  /** While stopping: settles them. */
  #refuses(items: readonly BatchItem[]): boolean {
    if (this.#stopped === undefined) return false;
    const error = shuttingDown(RESEND);
    for (const item of items) item.origin.settle({ kind: 'failed', error }, item);
    return true;
  }

  /** An item of two lanes. */
  #tryEnqueueWide(item: BatchItem): boolean {
    const lanes = partitionsOf(item).map((partition) => this.#lane(partition));
    const kind = queueKindOf(item);
    const isUnary = kind === 'unary';
    if (lanes.some((lane) => hasNoRoom(lane, kind, this.#limits))) return false;
    const nowMs = performance.now();
    const isSlow = (lane: Lane): boolean => isTooSlow(lane, item, this.#limits, nowMs);
    if (isUnary && lanes.some(isSlow)) return false;
    if (isUnary) this.#lastUnaryMs = nowMs;
    this.#barriers.addItem(item, lanes, this.#runItemsMax, nowMs);
    this.#planDispatch();
    return true;
  }

  tryEnqueueBarrier(barrier: Barrier): boolean {
    if (this.#refuses(barrier.items)) return true;
    const lanes = barrier.partitions.map((partition) => this.#lane(partition));
    if (lanes.some((lane) => hasNoBarrierRoom(lane, this.#limits))) return false;
    this.#barriers.add(barrier, lanes, performance.now());
    this.#planDispatch();
    return true;
  }

  async whenRoom(item: BatchItem): Promise<void> {
    const kind = queueKindOf(item);
    for (const lane of partitionsOf(item).map((partition) => this.#lane(partition))) {
      if (!hasNoRoom(lane, kind, this.#limits)) continue;
      await new Promise<void>((resolve) => lane.roomWaiters.push(resolve));
    }
  }

  adjust(limits: BatcherLimits): void {
    this.#limits = limits;
    for (const lane of this.#lanes) wakeRoomWaiters(lane);
    this.#planDispatch();
  }

  async stop(): Promise<void> {
    this.#stopped ??= Promise.withResolvers();
    this.#planDispatch();
    this.#finishStop();
    await this.#stopped.promise;
  }

  #lane(partition: number): Lane {
    const lane = this.#lanes[partition];
    if (lane === undefined) throw new RangeError(`there is no partition ${partition}`);
    return lane;
  }

  /** Once a tick, so that all items of one message are queued before the first batch is cut. */
  #planDispatch(): void {
    if (this.#dispatchPlanned) return;
    this.#dispatchPlanned = true;
    setImmediate(() => {
      this.#dispatchPlanned = false;
      this.#dispatch();
    });
  }

  #dispatch(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#startBarriers();
    const nowMs = performance.now();
    let wakeMs = Number.POSITIVE_INFINITY;
    const moment = this.#moment(nowMs);
    for (const lane of this.#waiting) {
      if (isDue(lane, this.#limits, moment)) this.#start(lane);
      else wakeMs = Math.min(wakeMs, wakeAtMs(lane, this.#limits, moment));
    }
    if (wakeMs !== Number.POSITIVE_INFINITY) {
      this.#timer = setTimeout(() => this.#dispatch(), Math.max(1, Math.ceil(wakeMs - nowMs)));
    }
  }

  get #runItemsMax(): number {
    return runItemsMax(this.#limits, this.#moment(performance.now()));
  }

  #moment(nowMs: number): Moment {
    return {
      inFlight: this.#inFlight,
      unaryBefore: this.#inFlight.unary,
      nowMs,
      lastUnaryMs: this.#lastUnaryMs,
      stopping: this.#stopped !== undefined,
    };
  }

  #start(lane: Lane): void {
    this.#waiting.delete(lane);
    lane.busy = true;
    const moment = this.#moment(performance.now());
    lane.pace.begin(moment.nowMs);
    const taking = { ...moment, hasProcessor: hasProcessor(this.#limits, moment) };
    const batch = takeBatch(lane, this.#limits, taking);
    this.#inFlight[batch.hasBulk ? 'bulk' : 'unary'] += 1;
    wakeRoomWaiters(lane);
    void this.#process(lane.partition, batch.items, batch.queuedSinceMs)
      .then((deferred) => putBack(lane, deferred, batch))
      .finally(() => this.#ended([lane], batch.hasBulk));
  }

  #startBarriers(): void {
    if (this.#barriers.size === 0) return;
    const next = (): ReadyBarrier | undefined =>
      this.#barriers.next(this.#limits, this.#moment(performance.now()));
    for (let ready = next(); ready !== undefined; ready = next()) this.#startBarrier(ready);
  }

  #startBarrier({ barrier, lanes, queuedSinceMs }: ReadyBarrier): void {
    const isBulk = barrier.kind !== 'unary';
    this.#inFlight[isBulk ? 'bulk' : 'unary'] += 1;
    for (const lane of lanes) {
      this.#waiting.delete(lane);
      lane.busy = true;
      lane.pace.begin(performance.now());
      wakeRoomWaiters(lane);
    }
    void this.#processBarrier(barrier, queuedSinceMs).finally(() => this.#ended(lanes, isBulk));
  }

  #ended(lanes: readonly Lane[], wasBulk: boolean): void {
    this.#inFlight[wasBulk ? 'bulk' : 'unary'] -= 1;
    const nowMs = performance.now();
    for (const lane of lanes) {
      lane.busy = false;
      lane.pace.end(nowMs);
      if (lane.unary.length > 0) lane.pace.begin(nowMs);
      if (holdsItems(lane)) this.#waiting.add(lane);
    }
    this.#dispatch();
    this.#finishStop();
  }

  #finishStop(): void {
    const { bulk, unary } = this.#inFlight;
    if (bulk + unary + this.#waiting.size + this.#barriers.size > 0) return;
    clearTimeout(this.#timer);
    this.#stopped?.resolve();
  }
}
