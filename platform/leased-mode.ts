// A mode that is on in every replica of every service while any lease of it is held. Two columns of
// settings: the configured ones while it is off, others while it is on. A replica follows the
// leases by itself and reports what is in force; each change is a log line, a metric and an event
// for the next trace. Redis is never waited for: without it the mode is off, at the latest when the
// time is over for which it was last known to be on.
import type { Logger } from './logger.ts';
import { watchLeases } from './lease-watch.ts';
import { createLeases, type Leases } from './leases.ts';
import { closeRedis, createRedis, isReady } from './redis.ts';
import { createReplicaReports, type ReplicaReports } from './replica-reports.ts';
import { counter, observedGauge } from './telemetry.ts';

export type ModeSettings = Readonly<Record<string, number>>;

export type LeasedModeOptions<Settings extends ModeSettings> = {
  readonly redisUrl: string;
  /** The mode's name: in keys, in the log and as attribute `mode` of the metrics. */
  readonly name: string;
  readonly service: string;
  readonly instance: string;
  readonly off: Settings;
  readonly on: Settings;
  readonly log: Logger;
};

export type LeasedMode<Settings extends ModeSettings> = {
  isOn(): boolean;
  /** In force now. */
  settings(): Settings;
  /** Called after each change. */
  onChange(listener: () => void): void;
  /** The oldest change that was not told yet, to the first that asks. */
  takeChange(): ModeChange | undefined;
  readonly leases: Leases;
  readonly reports: ReplicaReports;
  /** Takes the report back and closes the connections. */
  close(): Promise<void>;
};

export type ModeChange = { readonly name: string; readonly isOn: boolean; readonly at: Date };

export const LEASED_MODE = {
  /** Announcements may be missed. */
  pollMs: 500,
  reportEveryMs: 1_000,
  /** A replica that does not report any more is shown for so long. */
  reportLifeMs: 4_000,
} as const;

const changes = counter(
  'bank.mode.changes',
  'Times that a mode of all replicas (bulk_mode) went on or off here.',
  '{change}',
  ['mode', 'to'],
);
const modeOn = observedGauge(
  'bank.mode.on',
  'Whether a mode of all replicas (bulk_mode) is on here: 0 or 1.',
  '{mode}',
  ['mode'],
);
const leasesHeld = observedGauge(
  'bank.mode.leases',
  'Leases of a mode that are held now, in all replicas, as this one saw it last.',
  '{lease}',
  ['mode'],
);

/** Changes that wait for a trace to be told in; the oldest give way. */
const UNTOLD_MAX = 8;

export function openLeasedMode<Settings extends ModeSettings>(
  options: LeasedModeOptions<Settings>,
): LeasedMode<Settings> {
  const { redisUrl, name, service, instance, log } = options;
  const redis = createRedis(redisUrl, 'leases', log);
  const subscriber = createRedis(redisUrl, 'notices', log);
  const keys = `bank:{${name}}`;
  const leases = createLeases(redis, keys, log);
  const reports = createReplicaReports(redis, keys, log);
  const listeners: (() => void)[] = [];
  const untold: ModeChange[] = [];
  const settings = (): Settings => (watch.isHeld() ? options.on : options.off);

  const report = (): void => {
    if (!isReady(redis)) return; // its coming asks for one
    const text = { service, instance, isOn: watch.isHeld(), settings: namedSettings(settings()) };
    reports.write(text, LEASED_MODE.reportLifeMs).catch((error: unknown) => {
      log.debug('The report was not written; the next one will be.', { err: error });
    });
  };
  const onChange = (isOn: boolean): void => {
    untold.push({ name, isOn, at: new Date() });
    if (untold.length > UNTOLD_MAX) untold.shift();
    log.info(`${name} is ${isOn ? 'on' : 'off'}.`, { ...settings() });
    changes.add(1, { mode: name, to: isOn ? 'on' : 'off' });
    for (const listener of listeners) listener();
    report();
  };
  const { pollMs, reportEveryMs } = LEASED_MODE;
  const watch = watchLeases({ leases, redis, subscriber, pollMs, log, onChange });
  redis.on('ready', report);
  const reporting = setInterval(report, reportEveryMs);
  const unwatch = [
    modeOn.watch(() => [[watch.isHeld() ? 1 : 0, { mode: name }]]),
    leasesHeld.watch(() => [[watch.heldCount(), { mode: name }]]),
  ];
  return {
    isOn: watch.isHeld,
    settings,
    onChange: (listener) => void listeners.push(listener),
    takeChange: () => untold.shift(),
    leases,
    reports,
    async close() {
      clearInterval(reporting);
      for (const end of unwatch) end();
      watch.close();
      if (isReady(redis)) {
        await reports.withdraw().catch((error: unknown) => {
          log.debug('The report was not taken back; it ends by its time.', { err: error });
        });
      }
      closeRedis(redis);
      closeRedis(subscriber);
    },
  };
}

/** By the names of the contract: batchItemsMax is batch_items_max. */
function namedSettings(settings: ModeSettings): Record<string, number> {
  const named = Object.entries(settings).map(([name, value]): [string, number] => [
    name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    value,
  ]);
  return Object.fromEntries(named);
}
