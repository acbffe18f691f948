/**
 * What the mesh is compared with, on the same machine in the same run: a PostgreSQL server of the
 * same settings, of its own so that nothing reads its WAL, and a server of empty gRPC handlers. The
 * best shape of each peer is searched for before the mesh is there, with the machine to itself.
 */
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { silent } from '#deploy/local/progress.ts';
import { openStack } from '#deploy/local/stack.ts';
import { createPool } from '#platform/postgres.ts';
import { accountIds } from '../account-ids.ts';
import type { Plan } from '../plan.ts';
import { openEmmett } from './emmett.ts';
import { startEmptyHandler, type EmptyHandler } from './empty-handler.ts';
import { FLOOR_SCHEMA } from './floor-schema.ts';
import { FLOOR_SHAPES, runFloor, type FloorShape } from './floor.ts';
import { runInserts } from './insert.ts';
import { bestClientCount } from './timed-clients.ts';

const FOLDER = fileURLToPath(new URL('../../../.local/bench-peers', import.meta.url));
const DATABASE = 'bench_peers';
const CONNECTIONS_MAX = 66; // as many clients as are tried, and some that look
const SEED = 20_261_128;

export type Peers = {
  /** Events a second of the best floor before the mesh was started. */
  readonly floorAlone: number;
  readonly floor: () => Promise<number>;
  readonly insert: () => Promise<number>;
  readonly emmett: () => Promise<number>;
  readonly emptyHandler: EmptyHandler;
  readonly stop: () => Promise<void>;
};

export async function startPeers(
  plan: Plan,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<Peers> {
  const stack = await openStack({ dataFolder: FOLDER, restarts: false, progress: silent, signal });
  try {
    await stack.parts.postgres.start();
    const url = await makeDatabase(stack.postgresUrl('postgres', 'postgres'));
    const pool = createPool({ url, applicationName: 'peers', maxConnections: CONNECTIONS_MAX });
    stack.closers.add('pool of the peers', () => pool.end());
    await pool.query(FLOOR_SCHEMA);
    const emmett = await openEmmett(url);
    stack.closers.add('Emmett', emmett.close);
    const emptyHandler = await startEmptyHandler();
    stack.closers.add('empty handlers', emptyHandler.stop);
    const accounts = accountIds(SEED, plan.warmAccounts);
    const { shape, rate } = await bestFloor(pool, accounts, plan);
    const insert = (clients: number, forMs: number) => runInserts(pool, accounts, clients, forMs);
    const append = (clients: number, forMs: number) => emmett.run(accounts, clients, forMs);
    await append(8, plan.probeMs); // its statements are planned, its code is compiled
    const inserters = await bestClientCount((clients) => insert(clients, plan.probeMs));
    const appenders = await bestClientCount((clients) => append(clients, plan.probeMs));
    say(`floor at its best: ${shape.batchItems} a batch, ${shape.connections} connections`);
    say(`INSERT at its best: ${inserters} clients; Emmett: ${appenders} clients`);
    return {
      floorAlone: rate,
      floor: () => runFloor(pool, accounts, shape, plan.floorItems),
      insert: () => insert(inserters, plan.peerMs),
      emmett: () => append(appenders, plan.peerMs),
      emptyHandler,
      stop: stack.stop,
    };
  } catch (error) {
    await stack.stop();
    throw error;
  }
}

async function makeDatabase(maintenanceUrl: string): Promise<string> {
  const client = new pg.Client({ connectionString: maintenanceUrl });
  await client.connect();
  try {
    await client.query(`create database ${DATABASE}`);
  } finally {
    await client.end();
  }
  return Object.assign(new URL(maintenanceUrl), { pathname: `/${DATABASE}` }).href;
}

/** The second of two runs of each shape counts. */
async function bestFloor(
  pool: pg.Pool,
  accounts: readonly string[],
  { floorItems }: Plan,
): Promise<{ shape: FloorShape; rate: number }> {
  let best: { shape: FloorShape; rate: number } | undefined;
  for (const shape of FLOOR_SHAPES) {
    await runFloor(pool, accounts, shape, floorItems / 4);
    const rate = await runFloor(pool, accounts, shape, floorItems);
    if (best === undefined || rate > best.rate) best = { shape, rate };
  }
  if (best === undefined) throw new Error('the floor has no shape');
  return best;
}
