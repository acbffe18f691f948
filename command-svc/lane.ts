/**
 * One partition's lane in the batcher: its queues, and how a batch is cut from them. Unary commands
 * lead, and then few bulk items go along, though not for ever; alone they fill up to the batch's
 * size in items and in bytes of its packed row. Of bulk items those of direct batches go first, for
 * somebody waits for them with a deadline, and what streams have brought would take up to minutes;
 * but streams have half of the room. None passes a barrier that waits among its own kind.
 */
import { QUEUE_KINDS, queueKindOf, type BatchItem } from './batch-item.ts';
import { ItemQueue, type Load } from './item-queue.ts';
import { LanePace } from './lane-pace.ts';

export type LaneLimits = {
  readonly batchItemsMax: number;
  /** What a batch aims at for its packed row; one item more never passes the record's limit. */
  readonly batchBytesMax: number;
  /** Each queue of a lane; bytes as an upper bound of what its items take in the packed row. */
  readonly queueItemsMax: number;
  readonly queueBytesMax: number;
  /** What a single command may have to wait for its batch to start, whatever its deadline. */
  readonly queueMsMax: number;
  /** Bulk items in a batch that unary commands lead: so that they are not kept waiting. */
  readonly besideUnaryItemsMax: number;
  /** So many such batches in a row at most: the next takes more. */
  readonly shortBatchesMax: number;
  /** Bulk items in any batch while unary commands come: the next of them waits for it to end. */
  readonly nearUnaryItemsMax: number;
  /** Unary commands come: one has come in so many milliseconds. */
  readonly nearUnaryMs: number;
  /** Bulk items give way to other batches no longer than so; then they go in the next. */
  readonly partialPatienceMs: number;
};

export type Lane = {
  readonly partition: number;
  readonly unary: ItemQueue;
  /** Bulk items of direct batches, and of streams. */
  readonly direct: ItemQueue;
  readonly bulk: ItemQueue;
  readonly pace: LanePace;
  busy: boolean;
  /** A barrier that heads all its lanes waits for them to be idle: no other batch starts here. */
  reserved: boolean;
  /** What waits in barriers: it counts towards the queues' bounds. */
  readonly inBarriers: Load;
  /** Batches in a row that took few bulk items for the sake of unary commands. */
  shortBatches: number;
  readonly roomWaiters: (() => void)[];
};

export function createLane(partition: number): Lane {
  return {
    partition,
    unary: new ItemQueue(),
    direct: new ItemQueue(),
    bulk: new ItemQueue(),
    pace: new LanePace(),
    busy: false,
    reserved: false,
    inBarriers: { items: 0, bytes: 0 },
    shortBatches: 0,
    roomWaiters: [],
  };
}

export function holdsItems({ unary, direct, bulk }: Lane): boolean {
  return unary.length + direct.length + bulk.length > 0;
}

/** Since when the oldest bulk item that may go now has waited; infinity for none. */
export function bulkSinceMs({ direct, bulk }: Lane): number {
  return Math.min(direct.readySinceMs, bulk.readySinceMs);
}

/** The lane's bulk items fill a batch, or a barrier waits for them to go. */
export function isFull({ direct, bulk }: Lane, limits: LaneLimits): boolean {
  let items = 0;
  let bytes = 0;
  for (const queue of [direct, bulk]) {
    if (queue.barrierAt !== Number.POSITIVE_INFINITY) {
      if (queue.ready > 0) return true;
      continue;
    }
    items += queue.length;
    bytes += queue.bytes;
  }
  return items >= limits.batchItemsMax || bytes >= limits.batchBytesMax;
}

export type TakenBatch = {
  readonly items: BatchItem[];
  readonly hasBulk: boolean;
  readonly queuedSinceMs: number;
  /** One for each of `items`, for what is put back. */
  readonly queuedAtMs: readonly number[];
};

/** Answers the items that were put off; all others are settled. */
export type ProcessBatch = (
  partition: number,
  items: readonly BatchItem[],
  queuedSinceMs: number,
) => Promise<readonly BatchItem[]>;

export type Taking = {
  readonly nowMs: number;
  /** False: all processors are taken, so that unary commands go alone, for a while. */
  readonly hasProcessor: boolean;
  /** When a unary command came last, whatever its lane. */
  readonly lastUnaryMs: number;
};

export function takeBatch(lane: Lane, limits: LaneLimits, taking: Taking): TakenBatch {
  const items: BatchItem[] = [];
  const room = { items: limits.batchItemsMax, bytes: limits.batchBytesMax };
  const unaryMs = lane.unary.moveTo(items, room);
  room.items = Math.min(room.items, bulkItemsMax(lane, limits, taking, items.length > 0));
  const kept = keptForStreams(lane, room);
  room.items -= kept.items;
  room.bytes -= kept.bytes;
  const directMs = lane.direct.moveTo(items, room);
  room.items += kept.items;
  room.bytes += kept.bytes;
  const bulkMs = lane.bulk.moveTo(items, room);
  const firstMs = [unaryMs, directMs, bulkMs].flatMap((times) => times.slice(0, 1));
  const queuedSinceMs = Math.min(...firstMs);
  const queuedAtMs = [...unaryMs, ...directMs, ...bulkMs];
  return { items, hasBulk: directMs.length + bulkMs.length > 0, queuedSinceMs, queuedAtMs };
}

/** However many direct batches come: half of the room for bulk items, where streams' items wait. */
function keptForStreams({ bulk }: Lane, room: Load): Load {
  if (bulk.ready === 0) return { items: 0, bytes: 0 };
  return { items: Math.floor(room.items / 2), bytes: Math.floor(room.bytes / 2) };
}

/** How many bulk items the batch takes; unary commands lead it or not. */
function bulkItemsMax(lane: Lane, limits: LaneLimits, taking: Taking, isLed: boolean): number {
  const { nowMs, hasProcessor } = taking;
  const sinceMs = bulkSinceMs(lane);
  if (sinceMs === Number.POSITIVE_INFINITY) return 0;
  const isLate = nowMs - sinceMs >= limits.partialPatienceMs;
  if (!hasProcessor && !isLate) return 0;
  const isShort = isLed && lane.shortBatches < limits.shortBatchesMax;
  lane.shortBatches = isShort ? lane.shortBatches + 1 : 0;
  if (isShort) return limits.besideUnaryItemsMax;
  return unaryIsNear(limits, taking) ? limits.nearUnaryItemsMax : limits.batchItemsMax;
}

/** Unary commands come, to whatever lane: the next may come to any. */
export function unaryIsNear(
  { nearUnaryMs }: LaneLimits,
  { nowMs, lastUnaryMs }: Pick<Taking, 'nowMs' | 'lastUnaryMs'>,
): boolean {
  return nowMs - lastUnaryMs < nearUnaryMs;
}

/** There is room again, or may be. */
export function wakeRoomWaiters(lane: Lane): void {
  for (const resolve of lane.roomWaiters.splice(0)) resolve();
}

/** What a batch has put off goes first again, in its order, each as old as it is. */
export function putBack(lane: Lane, deferred: readonly BatchItem[], taken: TakenBatch): void {
  if (deferred.length === 0) return;
  const atMs = new Map(taken.items.map((item, place) => [item, taken.queuedAtMs[place]]));
  const timesOf = (items: readonly BatchItem[]): number[] =>
    items.map((item) => atMs.get(item) ?? taken.queuedSinceMs);
  for (const kind of QUEUE_KINDS) {
    const items = deferred.filter((item) => queueKindOf(item) === kind);
    if (items.length > 0) lane[kind].pushFront(items, timesOf(items));
  }
}
