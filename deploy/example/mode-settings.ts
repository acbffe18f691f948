/**
 * What every replica runs with, by its own report (GetBulkMode), and a table of how it changed.
 */
import { unaryCall } from '#client/unary-call.ts';
import { sleep } from '#platform/waiting.ts';
import type {
  BulkModeServiceClient,
  GetBulkModeResponse,
} from '#proto/bank/v1/bulk_mode_service.ts';

const POLL_MS = 100;
/** Replicas follow a lease within a second; reports are as old. */
const FOLLOW_MS = 5_000;

export function readMode(bulkMode: BulkModeServiceClient): Promise<GetBulkModeResponse> {
  return unaryCall(bulkMode.getBulkMode.bind(bulkMode), {});
}

/** Resolves with the first report in which every replica is (or is not) in bulk mode. */
export async function untilMode(
  bulkMode: BulkModeServiceClient,
  bulk: boolean,
  signal: AbortSignal,
): Promise<GetBulkModeResponse> {
  const endsAt = performance.now() + FOLLOW_MS;
  for (;;) {
    const mode = await readMode(bulkMode);
    if (mode.replicas.length > 0 && mode.replicas.every((one) => one.bulk === bulk)) return mode;
    if (performance.now() > endsAt) {
      const wanted = bulk ? 'in bulk mode' : 'back to normal';
      throw new Error(`not every replica is ${wanted} after ${FOLLOW_MS / 1000} s`);
    }
    await sleep(POLL_MS, signal);
  }
}

/** The first report with every replica in bulk mode, else the last one before `work` ended. */
export async function modeDuring(
  bulkMode: BulkModeServiceClient,
  work: Promise<unknown>,
  signal: AbortSignal,
): Promise<GetBulkModeResponse> {
  let working = true;
  const ended = (): void => void (working = false);
  work.then(ended, ended);
  for (;;) {
    const mode = await readMode(bulkMode);
    if (!working || mode.replicas.every((one) => one.bulk)) return mode;
    await sleep(POLL_MS, signal);
  }
}

/** A line for each setting of each replica, with its value at each of the times. */
export function settingsTable(reports: Readonly<Record<string, GetBulkModeResponse>>): string[] {
  const times = Object.entries(reports);
  const rows = new Map<string, Map<string, string>>();
  for (const [time, { replicas }] of times) {
    for (const { service, instance, settings } of replicas) {
      for (const [setting, value] of Object.entries(settings)) {
        const key = `${service} ${instance}  ${setting}`;
        const row = rows.get(key) ?? new Map<string, string>();
        rows.set(key, row.set(time, value.toString()));
      }
    }
  }
  const width = Math.max(0, ...[...rows.keys()].map((key) => key.length));
  const names = times.map(([time]) => time);
  const line = (label: string, cells: readonly string[]): string =>
    label.padEnd(width) + cells.map((cell) => cell.padStart(10)).join('');
  return [
    line('', names),
    ...[...rows]
      .toSorted(([a], [b]) => a.localeCompare(b))
      .map(([key, row]) =>
        line(
          key,
          names.map((time) => row.get(time) ?? '-'),
        ),
      ),
  ];
}
