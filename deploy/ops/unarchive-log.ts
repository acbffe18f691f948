/**
 * Brings rows back from the archive into the log, whole files, byte for byte: check the file
 * against what was noted when it was archived > in one transaction write its rows and forget the
 * range. The files stay. What comes back goes through the topic once more, as a repeat.
 */
import type pg from 'pg';
import { runPipeline } from '#platform/postgres-pipeline.ts';
import { inTransaction, onlyOne } from './archive-lock.ts';
import { readArchiveFile } from './archive-file.ts';

const COPY_TIMEOUT_MS = 120_000;
const FILES_AT_ONCE_MAX = 1_000_000;

export type UnarchiveOptions = {
  /** As the owner. */
  eventStore: pg.Client;
  folder: string;
  /** Undefined: all. */
  partition: number | undefined;
  fromSeq: bigint | undefined;
  toSeq: bigint | undefined;
  onFile: (fileName: string, rows: number) => void;
};

type Range = {
  partition: number;
  first_seq: string;
  last_seq: string;
  file_name: string;
  sha256: string;
};

export type Unarchived = { files: number; rows: number };

export function unarchiveLog(options: UnarchiveOptions): Promise<Unarchived> {
  const { eventStore, partition, fromSeq, toSeq, onFile } = options;
  return onlyOne(eventStore, async () => {
    const { rows: ranges } = await eventStore.query<Range>(
      `select partition, first_seq::text, last_seq::text, file_name, sha256 from archived_ranges
        where partition = coalesce($1, partition) and last_seq >= coalesce($2, 0)
          and first_seq <= coalesce($3, last_seq)
        order by partition, first_seq desc limit $4`,
      [partition, fromSeq, toSeq, FILES_AT_ONCE_MAX],
    );
    const unarchived = { files: 0, rows: 0 };
    // The newest of a partition first: what is in the log has no gap at any time.
    for (const range of ranges) {
      const rows = await bringBack(options, range);
      onFile(range.file_name, rows);
      unarchived.files += 1;
      unarchived.rows += rows;
    }
    return unarchived;
  });
}

async function bringBack({ eventStore, folder }: UnarchiveOptions, range: Range): Promise<number> {
  const { partition, first_seq, last_seq, file_name, sha256 } = range;
  const { manifest, content } = await readArchiveFile(folder, file_name, sha256);
  const rows = Number(BigInt(last_seq) - BigInt(first_seq) + 1n);
  const isThis = manifest.partition === partition && manifest.firstSeq === first_seq;
  if (!isThis || manifest.batchIds.length !== rows) {
    throw new Error(`${file_name}: its manifest is of another range`);
  }
  await inTransaction(eventStore, async () => {
    const sql = `copy outbox (${manifest.columns.join(', ')}) from stdin (format binary)`;
    const step = { kind: 'copy', name: file_name, sql, data: content } as const;
    const [copied] = await runPipeline(eventStore, [step], COPY_TIMEOUT_MS);
    if (copied?.tag !== `COPY ${rows}`) {
      throw new Error(`${file_name}: holds ${copied?.tag}, and ${rows} rows were archived`);
    }
    await eventStore.query('delete from archived_ranges where partition = $1 and first_seq = $2', [
      partition,
      first_seq,
    ]);
  });
  return rows;
}
