/**
 * Bulk mode in this replica: while any lease of it is held, anywhere, batches are larger, start
 * sooner, more of them are in flight, and lanes queue more. Leases are taken by callers (manual
 * mode) and by this replica for as long as it serves bulk streams (automatic mode, one lease for
 * all of them). Streams never wait for Redis and never fail by it.
 */
import { randomUUID } from 'node:crypto';
import { ANYONE, type Caller } from '#platform/caller.ts';
import { LEASED_MODE, openLeasedMode, type LeasedMode } from '#platform/leased-mode.ts';
import type { Lease, LeaseText } from '#platform/leases.ts';
import type { ServiceContext } from '#platform/lifecycle.ts';
import { createCountedLease } from '#platform/counted-lease.ts';
import { LEASES_A_CALLER_MAX } from './bounds.ts';
import { leaseKey } from './lease-keys.ts';
import type { BatcherLimits } from './batch-start.ts';

/** What bulk mode changes here. */
export type BatchSettings = {
  readonly batchItemsMax: number;
  readonly batchTimeoutMs: number;
  readonly batchProcessors: number;
  readonly queueItemsMax: number;
};

export type BulkModeConfig = {
  readonly normal: BatchSettings;
  readonly bulk: BatchSettings;
  /** Life of the streams' lease when its replica dies; it is renewed four times within it. */
  readonly streamLeaseMs: number;
};

export type BulkMode = {
  isBulkMode(): boolean;
  /** Takes a lease of the caller's; undefined: too many are held. */
  startBulkMode(text: LeaseText, ttlMs: number, caller?: Caller): Promise<Lease | undefined>;
  /** Ends a lease by its key (lease-keys.ts); answers whether bulk mode goes on by others. */
  endBulkMode(key: string): Promise<boolean>;
  /**
   * Whether the lease is held: for commands that their caller sends under it. Throws
   * EntriesUnavailableError without Redis.
   */
  holdsLease(key: string): Promise<boolean>;
  /** Automatic mode: the replica's lease stands until every stream has been released. */
  holdStream(): () => void;
  /** The batcher's limits with the settings in force. */
  limitsOf(configured: BatcherLimits): BatcherLimits;
} & Pick<LeasedMode<BatchSettings>, 'onChange' | 'takeChange' | 'leases' | 'reports'>;

export type BulkModeOptions = BulkModeConfig & {
  readonly redisUrl: string;
  readonly service: string;
  readonly instance: string;
};

/** The leases' name in Redis, the same in every service. */
const BULK_MODE = 'bulk_mode';

/** Answers at once: what Redis says comes when it comes. */
export function openBulkMode(
  options: BulkModeOptions,
  { closers, log }: Pick<ServiceContext, 'closers' | 'log'>,
): BulkMode {
  const { redisUrl, service, instance, normal: off, bulk: on } = options;
  const mode = openLeasedMode({ redisUrl, name: BULK_MODE, service, instance, off, on, log });
  closers.add('bulk mode', mode.close);
  const { leases } = mode;
  const streams = createCountedLease({
    leases,
    holder: instance,
    reason: 'bulk streams',
    ttlMs: options.streamLeaseMs,
    retryMs: LEASED_MODE.pollMs,
    log,
  });
  closers.add('lease of the bulk streams', streams.close);
  // A Redis that was emptied has lost the lease while its streams go on.
  mode.onChange(() => {
    if (!mode.isOn()) streams.renew();
  });
  return {
    isBulkMode: mode.isOn,
    async startBulkMode(text, ttlMs, caller = ANYONE) {
      const key = leaseKey(randomUUID(), caller);
      try {
        return await leases.take(key, text, ttlMs, LEASES_A_CALLER_MAX);
      } catch (error) {
        // Redis may take it yet, and its caller, who tries again, will never know its id.
        leases.end(key).catch((err: unknown) => {
          log.debug('A lease that was not answered may stand until its time.', { err });
        });
        throw error;
      }
    },
    endBulkMode: async (key) => (await leases.end(key)) > 0,
    holdsLease: leases.holds,
    holdStream: streams.hold,
    limitsOf(configured) {
      const { batchProcessors: processors, ...settings } = mode.settings();
      return { ...configured, ...settings, processors };
    },
    onChange: mode.onChange,
    takeChange: mode.takeChange,
    leases,
    reports: mode.reports,
  };
}
