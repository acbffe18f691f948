/** The batcher's limits as tests want them: those that a test is not about get in nobody's way. */
import type { BatcherLimits } from '../../command-svc/batch-start.ts';

export const WIDE_LIMITS: BatcherLimits = {
  batchItemsMax: 1_000,
  batchBytesMax: 900_000,
  batchTimeoutMs: 100,
  processors: 8,
  partialProcessors: 8,
  partialPatienceMs: 10_000,
  unaryProcessors: 8,
  unaryPatienceMs: 10_000,
  besideUnaryItemsMax: 1_000,
  shortBatchesMax: 3,
  nearUnaryItemsMax: 5_000,
  nearUnaryMs: 1_000,
  queueItemsMax: 5_000,
  queueBytesMax: 4_000_000,
  queueMsMax: 600_000,
};
