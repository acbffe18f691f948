/** What a test may say of a replica of command-svc in its own process (intake-replica.ts). */
import type { AccessOptions } from '#platform/server-access.ts';
import type { ItemQuota } from '#platform/quotas.ts';
import type { ServerLimits } from '#platform/server-limits.ts';
import type { BatcherLimits } from '../../command-svc/batch-start.ts';
import type { Batcher } from '../../command-svc/batcher.ts';
import type { BulkMode } from '../../command-svc/bulk-mode.ts';
import type { Sealing } from '../../command-svc/erase-owner.ts';

export type IntakeReplicaOptions = {
  limits?: Partial<BatcherLimits>;
  streamIdleMs?: number;
  /** Its settings go over the limits; its streams take no lease, the test does. */
  bulkMode?: Pick<BulkMode, 'limitsOf' | 'onChange'>;
  streamResultsMax?: number;
  uploadsMax?: number;
  server?: Partial<ServerLimits>;
  /** Who may call; the replica's own clients show this token. */
  access?: AccessOptions;
  token?: string;
  /** Over all streams: bytes of decoded messages, results that are not read. */
  messagesBytesMax?: number;
  resultsMax?: number;
  holdsLease?: BulkMode['holdsLease'];
  itemQuota?: ItemQuota;
  /** What EraseOwner erases by; its batches seal nothing. */
  sealing?: Sealing;
  /** Stands between the intake and the batcher. */
  around?: (batcher: Batcher) => Batcher;
};
