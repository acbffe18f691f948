/**
 * Signed checkpoints: at an interval, on one replica at a time (an advisory lock), a line goes to a
 * file outside of the database that says how far each partition of the log is and its running hash.
 * Costs the rows since the last one. A log that is not what the last line says is not signed: that
 * is an error in the log of the service, again at each round, until somebody has looked.
 */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Pool } from 'pg';
import { appendLine, lastWholeLine } from '#platform/append-only-file.ts';
import { checkpointLine, digestOfLine, readCheckpoint } from '#platform/checkpoint-lines.ts';
import { digestLog, firstPoint, type LogPoint } from '#platform/log-digest.ts';
import type { Logger } from '#platform/logger.ts';
import type { SessionLocks } from '#platform/session-locks.ts';
import { counter } from '#platform/telemetry.ts';
import { sleep } from '#platform/waiting.ts';
import { CHECKPOINT_LINE_BYTES_MAX } from './bounds.ts';
import { batchIdAt } from './sql/batch-id-at.ts';
import { readLogBounds, type LogBounds } from './sql/read-log-bounds.ts';

export type CheckpointSettings = {
  readonly file: string;
  /** An Ed25519 private key, PEM. */
  readonly keyFile: string;
  readonly everyMs: number;
};

export type CheckpointContext = {
  readonly db: Pool;
  readonly locks: SessionLocks;
  readonly log: Logger;
};

export const CHECKPOINT_LOCK_CLASS = 7_206_024;
const THE_LOCK = 1;

const made = counter(
  'bank.command.checkpoints',
  'Signed checkpoints of the log, by outcome.',
  '{checkpoint}',
  ['outcome'],
);

/** Throws when the key cannot be read, or is none. `stop` resolves after the round in hand. */
export function startCheckpoints(
  context: CheckpointContext,
  settings: CheckpointSettings,
): { stop(): Promise<void> } {
  const key = readKey(settings.keyFile);
  const stopping = new AbortController();
  const running = runRounds(context, settings, key, stopping.signal);
  return {
    stop: () => {
      stopping.abort(new Error('checkpoints are stopped'));
      return running;
    },
  };
}

function readKey(path: string): KeyObject {
  const key = createPrivateKey(readFileSync(path));
  if (key.asymmetricKeyType === 'ed25519') return key;
  throw new Error(`BANK_CHECKPOINT_KEY_FILE: ${path} holds no Ed25519 key`);
}

async function runRounds(
  context: CheckpointContext,
  { file, everyMs }: CheckpointSettings,
  key: KeyObject,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      if (await context.locks.tryLock(THE_LOCK)) await makeCheckpoint(context, file, key, signal);
    } catch (error) {
      if (signal.aborted) return;
      made.add(1, { outcome: 'failed' });
      context.log.error('No checkpoint of the log was made.', { err: error, file });
    }
    await sleep(everyMs, signal).catch(() => undefined); // told to stop
  }
}

/** Nothing is written when nothing was stored since the last one. */
export async function makeCheckpoint(
  { db, log }: Pick<CheckpointContext, 'db' | 'log'>,
  file: string,
  key: KeyObject,
  signal: AbortSignal,
): Promise<void> {
  const line = await lastWholeLine(file, CHECKPOINT_LINE_BYTES_MAX);
  const last = line === undefined ? undefined : signedLine(file, line, key);
  const { logId, partitions } = await readLogBounds(db);
  const known = last?.logId === logId ? last.points : [];
  const points: LogPoint[] = [];
  for (const bounds of partitions) {
    const from = await startingPoint(db, logId, bounds, known[bounds.partition]);
    points.push(await digestLog(db, from, bounds.head, () => signal.throwIfAborted()));
  }
  const rows = points.reduce((sum, { seq }, at) => sum + seq - (known[at]?.seq ?? 0n), 0n);
  if (rows === 0n && known.length > 0) return;
  const previous = line === undefined ? '' : digestOfLine(line);
  const checkpoint = { logId, at: new Date().toISOString(), previous, points };
  await appendLine(file, checkpointLine(checkpoint, key));
  made.add(1, { outcome: 'made' });
  log.info('A checkpoint of the log was signed.', { file, rows });
}

function signedLine(file: string, line: string, key: KeyObject) {
  const read = readCheckpoint(line, createPublicKey(key));
  if (read?.isSigned === true) return read.checkpoint;
  throw new Error(`${file}: its last line is no checkpoint that this key has signed`);
}

/** Rows that went to the archive before they were hashed are left out: a new hash begins there. */
async function startingPoint(
  db: Pool,
  logId: string,
  { partition, head, archived }: LogBounds,
  last: LogPoint | undefined,
): Promise<LogPoint> {
  if (last === undefined || last.seq < archived) return firstPoint(logId, partition, archived);
  const position = `partition ${partition}, position ${last.seq}`;
  if (head < last.seq) throw new Error(`the log ends at ${head}, the last checkpoint: ${position}`);
  if (last.seq === archived) return last;
  const batchId = await batchIdAt(db, partition, last.seq);
  if (batchId === last.batchId) return last;
  throw new Error(
    `the log holds batch ${batchId}, the last checkpoint ${last.batchId}: ${position}`,
  );
}
