/**
 * Holds the log against signed checkpoints: the lines of the file must be signed and follow each
 * other, and the running hash of each partition, computed again from the log, must be what each
 * line says. What stands in the archive is taken from the first line behind it. Lines of another
 * log are a finding, for its id can be changed as easily as its rows: unless that log is named as
 * one that was renewed.
 */
import { createPublicKey } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type pg from 'pg';
import { digestOfLine, readCheckpoint, type Checkpoint } from '#platform/checkpoint-lines.ts';
import { digestLog, firstPoint, LogGapError, type LogPoint } from '#platform/log-digest.ts';

export type CheckpointReport = {
  readonly checkpoints: number;
  /** Rows of the log that were hashed. */
  readonly rows: number;
  readonly findings: readonly string[];
  /** What could not be held against anything. */
  readonly notes: readonly string[];
};

type Signed = { readonly checkpoint: Checkpoint; readonly line: number };

export async function verifyCheckpoints(
  eventStore: pg.Client,
  file: string,
  publicKeyFile: string,
  renewed: readonly string[] = [],
): Promise<CheckpointReport> {
  const findings: string[] = [];
  const notes: string[] = [];
  const all = await readLines(file, publicKeyFile, findings, notes);
  const { logId, archived } = await readLog(eventStore);
  const signed = all.filter(({ checkpoint }) => checkpoint.logId === logId);
  const others = Map.groupBy(
    all.filter(({ checkpoint }) => checkpoint.logId !== logId),
    ({ checkpoint }) => checkpoint.logId,
  );
  for (const [other, lines] of others) {
    const text = `${lines.length} lines, the first of them line ${lines[0]?.line}, are of the log`;
    if (renewed.includes(other)) notes.push(`${text} ${other}, which was renewed`);
    else
      findings.push(`${text} ${other}, and this is ${logId}: was it renewed? --renewed ${other}`);
  }
  let rows = 0;
  for (const partition of partitionsOf(signed)) {
    const points = pointsOf(signed, partition);
    const base = baseOf(logId, points, partition, archived.get(partition) ?? 0n, notes);
    const finding = await firstDifference(eventStore, logId, base, points, (count) => {
      rows += count;
    });
    if (finding !== undefined) findings.push(finding);
  }
  return { checkpoints: signed.length, rows, findings, notes };
}

async function readLines(
  file: string,
  publicKeyFile: string,
  findings: string[],
  notes: string[],
): Promise<Signed[]> {
  const key = createPublicKey(readFileSync(publicKeyFile));
  const signed: Signed[] = [];
  let previous = '';
  let line = 0;
  for await (const text of createInterface({ input: createReadStream(file) })) {
    line += 1;
    const read = readCheckpoint(text, key);
    if (read === undefined) {
      notes.push(`line ${line} is no checkpoint: broken off?`);
      continue;
    }
    const { checkpoint, isSigned } = read;
    if (!isSigned) findings.push(`line ${line} is not signed by the owner of this key`);
    else if (checkpoint.previous !== previous) {
      findings.push(`line ${line} does not follow the one before it: lines are missing or moved`);
    }
    previous = digestOfLine(text);
    if (isSigned) signed.push({ checkpoint, line });
  }
  return signed;
}

async function readLog(
  eventStore: pg.Client,
): Promise<{ logId: string; archived: ReadonlyMap<number, bigint> }> {
  const ledger = await eventStore.query<{ log_id: string }>('select log_id from ledger');
  const [row] = ledger.rows;
  if (row === undefined) throw new Error('the event store has no ledger row');
  const { rows } = await eventStore.query<{ partition: number; last: string }>(
    'select partition, max(last_seq)::text as last from archived_ranges group by partition',
  );
  const archived = new Map(rows.map(({ partition, last }) => [partition, BigInt(last)]));
  return { logId: row.log_id, archived };
}

function partitionsOf(signed: readonly Signed[]): number[] {
  const all = signed.flatMap(({ checkpoint }) => checkpoint.points.map((one) => one.partition));
  return [...new Set(all)].sort((a, b) => a - b);
}

type PointOfLine = { readonly point: LogPoint; readonly line: number; readonly at: string };

function pointsOf(signed: readonly Signed[], partition: number): PointOfLine[] {
  return signed.flatMap(({ checkpoint: { points, at }, line }) => {
    const point = points.find((one) => one.partition === partition);
    return point === undefined ? [] : [{ point, line, at }];
  });
}

/** From where the log can be hashed. */
function baseOf(
  logId: string,
  points: readonly PointOfLine[],
  partition: number,
  archived: bigint,
  notes: string[],
): LogPoint {
  const first = firstPoint(logId, partition, points[0]?.point.start ?? 0n);
  if (first.seq >= archived) return first;
  const behind = points.find(({ point }) => point.seq >= archived);
  const until = behind?.point.seq ?? archived;
  notes.push(`partition ${partition}: positions up to ${until} are not verified: in the archive`);
  return behind?.point ?? firstPoint(logId, partition, archived);
}

async function firstDifference(
  eventStore: pg.Client,
  logId: string,
  base: LogPoint,
  points: readonly PointOfLine[],
  onRows: (count: number) => void,
): Promise<string | undefined> {
  let at = base;
  for (const { point, line, at: time } of points) {
    const { partition, start } = point;
    if (point.seq < at.seq) continue;
    if (start > at.start) at = firstPoint(logId, partition, start); // begun anew behind an archive
    const range = `partition ${partition}, positions ${at.seq + 1n} to ${point.seq}`;
    try {
      at = await digestLog(eventStore, at, point.seq, onRows);
    } catch (error) {
      if (!(error instanceof LogGapError)) throw error;
      const where = `partition ${partition}, position ${error.seq}`;
      return `${where}: is gone; line ${line} (${time}) has it`;
    }
    if (at.hash !== point.hash) return `${range}: not what line ${line} (${time}) says`;
  }
  return undefined;
}
