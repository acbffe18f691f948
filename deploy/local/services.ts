// The three services as child processes: which settings each one gets, and how it says that it
// serves (a file that it writes, BANK_READY_FILE). Each replica keeps its port for life, so that a
// client finds it again after a restart.
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { DataFolder } from './data-folder.ts';
import { newLogFile } from './log-files.ts';
import type { PartSpec } from './part.ts';
import { FOLDER_VARIABLE } from './process-tree.ts';
import { EVENT_STORE, PROJECTION_STORE } from './stack.ts';
import type { Stack } from './stack.ts';

export const SERVICES = ['command', 'query', 'projector'] as const;
export type Service = (typeof SERVICES)[number];

const READY_TIMEOUT_MS = 60_000;
const GRACE_MS = 11_000; // a service drains for at most 9 s
const HOST = '127.0.0.1';
const FLAGS = [
  '--max-old-space-size=384', // MB; bounds what a service may hold, and keeps its RSS flat
  '--initial-old-space-size=256', // MB; below it buffers that come and go ask for no collection
  '--heap-growing-percent=300', // nor later, before as much again has come three times over
  '--max-semi-space-size=32', // MB; items in flight die there, and are not moved to the old space
  '--no-parallel-scavenge', // threads that share what little survives cost more than they save
];
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const CONNECTOR_FILE = join(ROOT, 'deploy/connect/outbox.json');
const METRICS_VARIABLES: Record<Service, string> = {
  command: 'BANK_COMMAND_METRICS_LISTEN',
  query: 'BANK_QUERY_METRICS_LISTEN',
  projector: 'BANK_PROJECTOR_METRICS_LISTEN',
};
const LISTEN_VARIABLES: Record<Service, string> = {
  command: 'BANK_COMMAND_LISTEN',
  query: 'BANK_QUERY_LISTEN',
  projector: 'BANK_PROJECTOR_LISTEN',
};

const readySchema = z.object({ address: z.string(), pid: z.number() });

/** What a service needs to know of the stack that it runs on. */
const COMPILE_CACHE = join(ROOT, 'node_modules/.cache/compiled');

export type Surroundings = Pick<
  Stack,
  'postgresUrl' | 'redisUrl' | 'kafkaBrokers' | 'connectUrl'
> & {
  folder: Pick<DataFolder, 'path' | 'logs' | 'inside'>;
  /** What a secure mesh tells a service besides; default: nothing. */
  secureEnv?: ((service: Service) => Record<string, string>) | undefined;
};

export type Replica = {
  service: Service;
  /** 0, 1, ... among the replicas of its service. */
  index: number;
  port: number;
  /** Of its metrics page; undefined: it has none. */
  metricsPort?: number | undefined;
  /** On top of what every replica of the service gets. */
  env: Record<string, string>;
  /** The file that is run; default: the service's own main.ts. */
  entry: string | undefined;
};

export function serviceSpec(stack: Surroundings, replica: Replica): PartSpec {
  const { service, index, port } = replica;
  const name = index === 0 ? service : `${service}-${index + 1}`;
  const entry = replica.entry ?? join(ROOT, `${service}-svc/main.ts`);
  return processSpec(stack.folder, name, entry, {
    ...settingsOf(stack, service),
    ...stack.secureEnv?.(service),
    [LISTEN_VARIABLES[service]]: `${HOST}:${port}`,
    BANK_METRICS_LISTEN: metricsAddressOf(replica),
    ...replica.env,
  });
}

/** A process of ours that says when it serves. */
export function processSpec(
  folder: Surroundings['folder'],
  name: string,
  entry: string,
  settings: Record<string, string>,
): PartSpec {
  const readyFile = folder.inside(`${name}.ready.json`);
  const env = {
    BANK_INSTANCE: name,
    BANK_READY_FILE: readyFile,
    NODE_COMPILE_CACHE: COMPILE_CACHE, // starts in a third of the time, with 30 MB less
    [FOLDER_VARIABLE]: folder.path,
    ...settings,
  };
  return {
    name,
    command: () => {
      rmSync(readyFile, { force: true });
      return Promise.resolve({ file: process.execPath, args: [...FLAGS, entry], env, cwd: ROOT });
    },
    isReady: (pid) => Promise.resolve(saysReady(readyFile, pid)),
    readyTimeoutMs: READY_TIMEOUT_MS,
    stopSignal: 'SIGTERM',
    graceMs: GRACE_MS,
    logFile: newLogFile(folder.logs, name),
  };
}

export function addressOf(replica: Pick<Replica, 'port'>): string {
  return `${HOST}:${replica.port}`;
}

/** Empty for a replica without a metrics page. */
export function metricsAddressOf({ metricsPort }: Pick<Replica, 'metricsPort'>): string {
  return metricsPort === undefined ? '' : `${HOST}:${metricsPort}`;
}

export function listenVariable(service: Service): string {
  return LISTEN_VARIABLES[service];
}

/** Of npm start: the services themselves read BANK_METRICS_LISTEN. */
export function metricsVariable(service: Service): string {
  return METRICS_VARIABLES[service];
}

function settingsOf(stack: Surroundings, service: Service): Record<string, string> {
  const redis = { BANK_REDIS_URL: stack.redisUrl };
  switch (service) {
    case 'command':
      return { ...redis, BANK_EVENT_STORE_URL: stack.postgresUrl('bank_command', EVENT_STORE) };
    case 'query':
      return {
        ...redis,
        BANK_PROJECTION_STORE_URL: stack.postgresUrl('bank_query', PROJECTION_STORE),
      };
    case 'projector':
      return {
        ...redis,
        BANK_EVENT_STORE_URL: stack.postgresUrl('bank_projector', EVENT_STORE),
        BANK_PROJECTION_STORE_URL: stack.postgresUrl('bank_projector', PROJECTION_STORE),
        BANK_KAFKA_BROKERS: stack.kafkaBrokers.join(','),
        BANK_CONNECT_URL: stack.connectUrl,
        BANK_CONNECTOR_FILE: CONNECTOR_FILE,
      };
  }
}

function saysReady(path: string, pid: number): boolean {
  try {
    const message: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return readySchema.parse(message).pid === pid;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    throw error;
  }
}
