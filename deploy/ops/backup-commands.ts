/** npm run ops -- backup, restore, renew: the event store's server to a folder, back, and on. */
import { resolve } from 'node:path';
import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import type pg from 'pg';
import { envList, envText, parseEnv } from '#platform/config.ts';
import { KAFKA_ENV, kafkaSecurity } from '#platform/kafka-security.ts';
import { PLAINTEXT_ENV } from '#platform/plaintext.ts';
import { checkAddresses } from '#platform/transport-settings.ts';
import { z } from 'zod';
import { asOwner } from './admin-clients.ts';
import { amount } from '#client/cli/amounts.ts';
import { backUpServer } from './backup-server.ts';
import type { BackupDescription, LogState } from './backup-file.ts';
import { renewLog } from './renew-log.ts';
import { restoreServer } from './restore-server.ts';

const BACKUP = `Copies the whole PostgreSQL server of the event store into a new folder, while it
runs. As a role that may replicate: BANK_ADMIN_EVENT_STORE_URL.`;
const RESTORE = `Lays a backup out as the data folder of a new PostgreSQL server. Start it then,
wait until it has recovered, and run renew before any service starts.`;
const RENEW = `After the event store came back older than it was, before command-svc and
projector-svc start: gives its log a new id, empties the topic, and has the connector begin anew.
As the owner: BANK_ADMIN_EVENT_STORE_URL, BANK_ADMIN_PROJECTION_STORE_URL; BANK_KAFKA_BROKERS,
BANK_CONNECT_URL.`;

type RestoreOptions = { folder: string; into: string; wal?: string; until?: Date };

export function addBackupCommands(program: Command): void {
  program
    .command('backup')
    .description(BACKUP)
    .requiredOption('--folder <path>', 'a new folder')
    .action(backUp);
  program
    .command('restore')
    .description(RESTORE)
    .requiredOption('--folder <path>', 'of the backup')
    .requiredOption('--into <path>', 'the new data folder')
    .option('--wal <path>', 'where archive_command puts the WAL: recovers to its end')
    .option('--until <time>', 'recovers no further than this time (RFC 3339)', time)
    .action(restore);
  program.command('renew').description(RENEW).action(renew);
}

async function backUp({ folder }: { folder: string }): Promise<void> {
  const startedMs = performance.now();
  const url = 'BANK_ADMIN_EVENT_STORE_URL';
  const { serverVersion, log } = await asOwner(url, readLogState);
  const description = await asOwner(
    url,
    (replication) => backUpServer({ replication, folder: resolve(folder), serverVersion, log }),
    true,
  );
  const { bytes, contentBytes } = description;
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  const [whole, packed] = [contentBytes, bytes].map((size) => amount(BigInt(size), 'bytes'));
  say(`backed up in ${seconds} s: ${whole}, packed ${packed}`);
  tell(description);
}

/** Read before: the backup holds these positions and maybe more. */
export async function readLogState(client: pg.Client): Promise<LogState> {
  const { rows } = await client.query<{ version: string; log_id: string; heads: unknown }>(
    `select current_setting('server_version') as version, log_id,
            (select json_object_agg(partition, seq::text) from partition_heads) as heads
       from ledger`,
  );
  const [row] = rows;
  if (row === undefined) throw new Error('the event store has no ledger row: run npm run db:setup');
  const heads = z.record(z.string(), z.string()).parse(row.heads);
  return { serverVersion: row.version, log: { logId: row.log_id, heads } };
}

async function restore({ folder, into, wal, until }: RestoreOptions): Promise<void> {
  const description = await restoreServer({
    folder: resolve(folder),
    into: resolve(into),
    wal: wal === undefined ? undefined : resolve(wal),
    until,
  });
  tell(description);
  say(`start PostgreSQL ${description.serverVersion} on ${resolve(into)}; when it has recovered,`);
  say('npm run ops -- renew, and only then the services');
}

const renewSchema = z
  .object({
    ...PLAINTEXT_ENV,
    ...KAFKA_ENV,
    BANK_KAFKA_BROKERS: envList(),
    BANK_CONNECT_URL: envText(),
  })
  .transform((env, ctx) => {
    const { BANK_KAFKA_BROKERS: brokers, BANK_CONNECT_URL } = env;
    const security = kafkaSecurity(env, ctx);
    checkAddresses(env, { urls: { BANK_CONNECT_URL }, brokers: { brokers, security } }, ctx);
    return { brokers, security, connectUrl: BANK_CONNECT_URL };
  });

async function renew(): Promise<void> {
  const settings = parseEnv(renewSchema, process.env);
  await asOwner('BANK_ADMIN_EVENT_STORE_URL', (eventStore) =>
    asOwner('BANK_ADMIN_PROJECTION_STORE_URL', (projectionStore) =>
      renewLog({
        eventStore,
        projectionStore,
        ...settings,
        onStep: say,
      }),
    ),
  );
}

function tell({ startedAt, logId, startLsn, endLsn, timeline }: BackupDescription): void {
  say(`log ${logId} at ${startedAt}; WAL ${startLsn} to ${endLsn}, timeline ${timeline}`);
}

function time(text: string): Date {
  const date = new Date(text);
  if (/^\d{4}-\d\d-\d\dT/.test(text) && !Number.isNaN(date.getTime())) return date;
  throw new InvalidArgumentError('must be a time such as 2026-06-30T22:00:00Z');
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
