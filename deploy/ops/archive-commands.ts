/** npm run ops -- archive, unarchive: old rows of the log to files, and back. */
import { resolve } from 'node:path';
import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { grouped } from '../demo/progress-bar.ts';
import { asOwner } from './admin-clients.ts';
import { amount } from '#client/cli/amounts.ts';
import { archiveLog } from './archive-log.ts';
import { unarchiveLog } from './unarchive-log.ts';

const DAYS_DEFAULT = 90;
const DAYS_MAX = 36_500;
const DAY_MS = 24 * 60 * 60 * 1000;
const PARTITION_MAX = 1023;

const ARCHIVE = `Moves rows of the log (outbox) that are older than so many days, and that the
projection has passed, to files, checked before their rows are deleted. As the owner:
BANK_ADMIN_EVENT_STORE_URL, BANK_ADMIN_PROJECTION_STORE_URL.`;
const UNARCHIVE = `Brings rows back from the files, byte for byte; the files stay. As the owner:
BANK_ADMIN_EVENT_STORE_URL.`;

type ArchiveOptions = { folder: string; olderThanDays: number; partition?: number };
type UnarchiveOptions = { folder: string; partition?: number; from?: bigint; to?: bigint };

export function addArchiveCommands(program: Command): void {
  program
    .command('archive')
    .description(ARCHIVE)
    .requiredOption('--folder <path>', 'where the files are; made when it is not there')
    .option('--older-than-days <n>', 'only rows stored so long ago', dayCount, DAYS_DEFAULT)
    .option('--partition <n>', 'only this one', partitionNumber)
    .action(archive);
  program
    .command('unarchive')
    .description(UNARCHIVE)
    .requiredOption('--folder <path>', 'where the files are')
    .option('--partition <n>', 'only this one', partitionNumber)
    .option('--from <seq>', 'files with this position or later ones', seqNumber)
    .option('--to <seq>', 'files with this position or earlier ones', seqNumber)
    .action(unarchive);
}

async function archive({ folder, olderThanDays, partition }: ArchiveOptions): Promise<void> {
  const { files, rows, bytes } = await asOwner('BANK_ADMIN_EVENT_STORE_URL', (eventStore) =>
    asOwner('BANK_ADMIN_PROJECTION_STORE_URL', (projectionStore) =>
      archiveLog({
        eventStore,
        projectionStore,
        folder: resolve(folder),
        olderThan: new Date(Date.now() - olderThanDays * DAY_MS),
        partition,
        onFile: (name, { batchIds }) => say(`${name}: ${grouped(batchIds.length)} rows`),
      }),
    ),
  );
  const size = amount(BigInt(bytes), 'bytes');
  say(`archived ${grouped(rows)} rows in ${grouped(files)} files, ${size}`);
}

async function unarchive({ folder, partition, from, to }: UnarchiveOptions): Promise<void> {
  const { files, rows } = await asOwner('BANK_ADMIN_EVENT_STORE_URL', (eventStore) =>
    unarchiveLog({
      eventStore,
      folder: resolve(folder),
      partition,
      fromSeq: from,
      toSeq: to,
      onFile: (name, count) => say(`${name}: ${grouped(count)} rows`),
    }),
  );
  say(`brought back ${grouped(rows)} rows from ${grouped(files)} files`);
}

function dayCount(text: string): number {
  const days = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && days <= DAYS_MAX) return days;
  throw new InvalidArgumentError(`must be a number from 0 to ${DAYS_MAX}`);
}

function partitionNumber(text: string): number {
  if (/^\d{1,4}$/.test(text) && Number(text) <= PARTITION_MAX) return Number(text);
  throw new InvalidArgumentError(`must be a number from 0 to ${PARTITION_MAX}`);
}

function seqNumber(text: string): bigint {
  if (/^\d{1,18}$/.test(text)) return BigInt(text);
  throw new InvalidArgumentError('must be a position: a number of up to 18 digits');
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
