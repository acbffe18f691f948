// What every replica says of itself: its service, its name, whether the leased mode is on, and the
// settings in force there. Each replica writes its own report, again and again, and a report that
// is not written any more ends by its time; whoever asks any replica gets the reports of all.
import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { createTextReader } from './entry-texts.ts';
import { createExpiringEntries } from './expiring-entries.ts';
import type { Logger } from './logger.ts';

export type ReplicaReport = {
  readonly service: string;
  readonly instance: string;
  readonly isOn: boolean;
  /** By the setting's name, which ends in its unit where it has one. */
  readonly settings: Readonly<Record<string, number>>;
};

export type ReplicaReports = {
  /** Writes this replica's report. */
  write(report: ReplicaReport, ttlMs: number): Promise<void>;
  /** Takes it back: the replica ends. */
  withdraw(): Promise<void>;
  /** Of every replica that has reported lately and can be read, by service and name. */
  list(): Promise<ReplicaReport[]>;
};

const BOUNDS = { entriesMax: 10_000, lifeMaxMs: 60_000 };

export function createReplicaReports(redis: Redis, keys: string, log: Logger): ReplicaReports {
  const entries = createExpiringEntries(redis, `${keys}:replicas`, BOUNDS);
  const readReport = createTextReader(REPORT, log);
  const id = randomUUID(); // two replicas may bear one name
  return {
    write: async (report, ttlMs) => {
      await entries.put(id, JSON.stringify(report), ttlMs);
    },
    withdraw: async () => {
      await entries.remove(id);
    },
    list: async () => {
      const read = (await entries.list()).map(readReport);
      const reports = read.filter((report) => report !== undefined);
      return reports.toSorted((a, b) => orderOf(a).localeCompare(orderOf(b)));
    },
  };
}

const REPORT = z.object({
  service: z.string(),
  instance: z.string(),
  isOn: z.boolean(),
  settings: z.record(z.string(), z.int()),
});

function orderOf({ service, instance }: ReplicaReport): string {
  return `${service} ${instance}`;
}
