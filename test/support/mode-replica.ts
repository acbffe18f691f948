/**
 * A bare replica of the leased mode, with columns that tell themselves apart, and what every
 * replica reports.
 */
import { silentLogger } from '#platform/logger.ts';
import { openLeasedMode, type LeasedMode } from '#platform/leased-mode.ts';
import type { ReplicaReport } from '#platform/replica-reports.ts';
import { until } from '#test/support/until.ts';

export const OFF = { batchItemsMax: 1 };
export const ON = { batchItemsMax: 2 };

export type BareReplica = LeasedMode<typeof OFF>;

/** Without a name it is one more replica of bulk mode. */
export function openBareReplica(
  redisUrl: string,
  { name = 'bulk_mode', instance = 'bare-1', log = silentLogger } = {},
): BareReplica {
  const columns = { off: OFF, on: ON, log };
  return openLeasedMode({ redisUrl, name, service: 'bare', instance, ...columns });
}

/** Waits until every replica that reports, as many as there are, says so; answers what they say. */
export async function reported(
  replica: BareReplica,
  count: number,
  isOn: boolean,
  timeoutMs = 5_000,
): Promise<ReplicaReport[]> {
  let last: ReplicaReport[] = [];
  return until(
    `${count} replicas ${isOn ? 'on' : 'off'}`,
    async () => {
      last = await replica.reports.list();
      return last.length === count && last.every((report) => report.isOn === isOn) && last;
    },
    { timeoutMs, detail: () => JSON.stringify(last) },
  );
}

/** Until it can ask Redis. */
export async function connected({ leases }: BareReplica): Promise<void> {
  await until('Redis', () =>
    leases.list().then(
      () => true,
      () => false,
    ),
  );
}

/** Waits until every replica of the service that reports says so. */
export async function serviceIs(
  replica: BareReplica,
  service: string,
  isOn: boolean,
): Promise<void> {
  await until(`${service} ${isOn ? 'on' : 'off'}`, async () => {
    const reports = (await replica.reports.list()).filter((report) => report.service === service);
    return reports.length > 0 && reports.every((report) => report.isOn === isOn);
  });
}
