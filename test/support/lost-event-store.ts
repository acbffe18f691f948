/**
 * The runbook of a lost event store (docs/operations.md), step by step, on a mesh whose event store
 * has a server of its own and archives its WAL: backup, loss, restore, renewal, by the commands
 * that people use, each with how long it took.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PostgresSettings } from '#deploy/local/postgres.ts';
import { BASE_FILE } from '#deploy/ops/backup-file.ts';
import type { OwnMesh } from '#test/support/own-mesh.ts';
import { until } from '#test/support/until.ts';

const OPS = fileURLToPath(new URL('../../deploy/ops/main.ts', import.meta.url));
const ARCHIVE_WAL = fileURLToPath(new URL('../../deploy/ops/archive-wal.sh', import.meta.url));
const RECOVERED = { timeoutMs: 300_000 } as const;

export type BackupFolders = { backup: string; wal: string };

/** The folder must be there from the first piece on: after a failure PostgreSQL waits a minute. */
export async function archivingSettings({ wal }: BackupFolders): Promise<PostgresSettings> {
  await mkdir(wal, { recursive: true });
  return { archive_mode: 'on', archive_command: `sh ${ARCHIVE_WAL} %p ${wal}/%f` };
}

/** What a command of `npm run ops` wrote; throws what it said was wrong. */
export function ops({ stack }: OwnMesh, ...args: string[]): Promise<string> {
  const env = {
    ...process.env,
    BANK_ADMIN_EVENT_STORE_URL: stack.eventStoreUrl,
    BANK_ADMIN_PROJECTION_STORE_URL: stack.projectionStoreUrl,
    BANK_KAFKA_BROKERS: stack.kafkaBrokers.join(','),
    BANK_CONNECT_URL: stack.connectUrl,
  };
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [OPS, ...args], { env }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`ops ${args.join(' ')}: ${stderr}`, { cause: error }));
    });
  });
}

/** Answers how many bytes it takes. */
export async function backUp(mesh: OwnMesh, { backup }: BackupFolders): Promise<number> {
  await ops(mesh, 'backup', '--folder', backup);
  return (await stat(join(backup, BASE_FILE))).size;
}

/** All that was written until now is in the archive. */
export async function archiveWal({ stores }: OwnMesh, { wal }: BackupFolders): Promise<void> {
  const { rows } = await stores.eventStore.query<{ name: string }>(
    'select pg_walfile_name(pg_switch_wal()) as name',
  );
  const path = join(wal, rows[0]?.name ?? '');
  await until(`${path} is archived`, () => existsSync(path), { timeoutMs: 60_000 });
}

/** The server, and the disk that it wrote to. */
export async function loseEventStore({ stack }: OwnMesh): Promise<void> {
  await stack.eventStorePart.stop('SIGKILL');
  await rm(clusterOf(stack), { recursive: true });
}

/** Undefined: to the end of the WAL. */
export async function restoreEventStore(
  mesh: OwnMesh,
  { backup, wal }: BackupFolders,
  moment: Date | undefined,
): Promise<void> {
  const { stack, stores } = mesh;
  const untilThen = moment === undefined ? [] : ['--until', moment.toISOString()];
  await ops(
    mesh,
    'restore',
    '--folder',
    backup,
    '--wal',
    wal,
    '--into',
    clusterOf(stack),
    ...untilThen,
  );
  await stack.eventStorePart.start();
  const recovered = async (): Promise<boolean> => {
    const { rows } = await stores.eventStore.query<{ over: boolean }>(
      'select not pg_is_in_recovery() as over',
    );
    return rows[0]?.over === true;
  };
  await until('the restored server has recovered', recovered, RECOVERED);
}

function clusterOf({ folder }: OwnMesh['stack']): string {
  return folder.inside('event-store');
}
