/**
 * Moves old rows of the log to files: choose > copy > write, sync, read again > in one transaction
 * note the range and delete its rows. A run that breaks off anywhere has moved some files whole;
 * the next one goes on, and writes again what was not noted. One at a time, by an advisory lock.
 */
import { mkdir } from 'node:fs/promises';
import type pg from 'pg';
import { copyOutWhole } from '#platform/copy-out.ts';
import { inTransaction, onlyOne } from './archive-lock.ts';
import { fileNameOf, writeArchiveFile } from './archive-file.ts';
import type { Manifest } from './archive-file.ts';
import { archiveLimits, nextRange } from './archive-limits.ts';
import type { FileRange } from './archive-limits.ts';

/** All that a row is: what comes back is what has gone. */
export const COLUMNS = [
  'partition',
  'seq',
  'batch_id',
  'previous_batch_id',
  'aggregatetype',
  'aggregateid',
  'type',
  'traceparent',
  'stored_at',
  'account_ids',
  'payload',
] as const;

export type ArchiveOptions = {
  /** Both as the owner. */
  eventStore: pg.Client;
  projectionStore: pg.Client;
  folder: string;
  /** Rows that were stored before. */
  olderThan: Date;
  /** Undefined: all. */
  partition: number | undefined;
  onFile: (fileName: string, manifest: Manifest) => void;
};

export type Archived = { files: number; rows: number; bytes: number };

export function archiveLog(options: ArchiveOptions): Promise<Archived> {
  const { eventStore, projectionStore, partition: only } = options;
  return onlyOne(eventStore, async () => {
    await mkdir(options.folder, { recursive: true, mode: 0o700 });
    const archived = { files: 0, rows: 0, bytes: 0 };
    const limits = await archiveLimits(projectionStore);
    for (const limit of limits.filter(({ partition }) => (only ?? partition) === partition)) {
      for (;;) {
        const range = await nextRange(eventStore, limit, options.olderThan);
        if (range === undefined) break;
        const { batchIds, bytes } = await moveRange(options, range);
        archived.files += 1;
        archived.rows += batchIds.length;
        archived.bytes += bytes;
      }
    }
    return archived;
  });
}

async function moveRange(options: ArchiveOptions, range: FileRange): Promise<Manifest> {
  const { eventStore, folder, onFile } = options;
  const { partition, firstSeq, lastSeq } = range;
  const fileName = fileNameOf(partition, firstSeq, lastSeq);
  const content = await copyOutWhole(
    eventStore,
    `copy (select ${COLUMNS.join(', ')} from outbox
            where partition = ${partition} and seq between ${firstSeq} and ${lastSeq}
            order by seq) to stdout (format binary)`,
  );
  const described = {
    ...range,
    logId: await readLogId(eventStore),
    firstSeq: String(firstSeq),
    lastSeq: String(lastSeq),
    columns: [...COLUMNS],
  };
  const manifest = await writeArchiveFile(folder, fileName, described, content);
  await inTransaction(eventStore, () => forgetRows(eventStore, range, fileName, manifest));
  onFile(fileName, manifest);
  return manifest;
}

async function forgetRows(
  eventStore: pg.Client,
  { partition, firstSeq, lastSeq, batchIds }: FileRange,
  fileName: string,
  { sha256 }: Manifest,
): Promise<void> {
  await eventStore.query(
    `insert into archived_ranges (partition, first_seq, last_seq, file_name, sha256)
     values ($1, $2, $3, $4, $5)`,
    [partition, firstSeq, lastSeq, fileName, sha256],
  );
  const { rowCount } = await eventStore.query(
    `delete from outbox o using unnest($2::uuid[]) with ordinality as b(batch_id, n)
      where o.partition = $1 and o.seq = $3::bigint + b.n - 1 and o.batch_id = b.batch_id`,
    [partition, batchIds, firstSeq],
  );
  if (rowCount === batchIds.length && BigInt(batchIds.length) === lastSeq - firstSeq + 1n) return;
  throw new Error(`${fileName} holds ${batchIds.length} rows, and ${rowCount} would be deleted`);
}

async function readLogId(eventStore: pg.Client): Promise<string> {
  const { rows } = await eventStore.query<{ log_id: string }>('select log_id from ledger');
  const [row] = rows;
  if (row === undefined) throw new Error('the event store has no ledger row: run npm run db:setup');
  return row.log_id;
}
