/**
 * What a bulk run costs each process in CPU, PostgreSQL in WAL, Redis in commands: counters read
 * before and after it, divided by its items. The WAL of a database is that of its backends (what a
 * checkpoint or a vacuum adds is in the server's only).
 */
import type { Bank, Stores } from './bank.ts';
import { redisCommands } from './redis-commands.ts';
import type { Samples } from './samples.ts';

type Counters = {
  readonly cpuMs: Readonly<Record<string, number>>;
  readonly wal: Readonly<Record<string, bigint>>;
  readonly serverWal: bigint;
  readonly redisCommands: number;
};

/** Adds the costs of what `run` does to the samples; `run` answers its items. */
export async function measureCosts(
  bank: Bank,
  samples: Samples,
  run: () => Promise<number>,
): Promise<void> {
  const before = await readCounters(bank);
  const items = await run();
  const after = await readCounters(bank);
  for (const [process, ms] of Object.entries(after.cpuMs)) {
    const us = (ms - (before.cpuMs[process] ?? 0)) * 1000;
    samples.add(`cpu.${process}_us`, us / items);
  }
  for (const database of ['event_store', 'projection_store']) {
    const bytes = (after.wal[database] ?? 0n) - (before.wal[database] ?? 0n);
    samples.add(`wal.${database}_bytes`, Number(bytes) / items);
  }
  samples.add('wal.server_bytes', Number(after.serverWal - before.serverWal) / items);
  samples.add('redis.commands', (after.redisCommands - before.redisCommands) / items);
  await addOutbox(bank.stores, samples);
  await addConnections(bank.stores, samples);
}

async function readCounters({ mesh, stores }: Bank): Promise<Counters> {
  const { user, system } = process.cpuUsage();
  const sum = (parts: readonly { cpuMs: () => number }[]): number =>
    parts.reduce((ms, part) => ms + part.cpuMs(), 0);
  const { postgres, redis, kafka, connect } = mesh.stack.parts;
  const wal = await stores.eventStore.query<{ datname: string; bytes: bigint }>(
    `select a.datname, sum(w.wal_bytes)::bigint as bytes
       from pg_stat_activity a cross join lateral pg_stat_get_backend_wal(a.pid) w
      where a.backend_type = 'client backend' group by a.datname`,
  );
  const server = await stores.eventStore.query<{ bytes: bigint }>(
    'select wal_bytes::bigint as bytes from pg_stat_wal',
  );
  return {
    cpuMs: {
      command: sum(mesh.services.command),
      projector: sum(mesh.services.projector),
      query: sum(mesh.services.query),
      postgres: postgres.cpuMs(),
      connect: connect.cpuMs(),
      kafka: kafka.cpuMs(),
      redis: redis.cpuMs(),
      load_generator: (user + system) / 1000,
    },
    wal: Object.fromEntries(wal.rows.map(({ datname, bytes }) => [datname, bytes])),
    serverWal: server.rows[0]?.bytes ?? 0n,
    redisCommands: await redisCommands(mesh.stack.redisUrl),
  };
}

/** Over the newest records, which are those of the run. */
async function addOutbox({ eventStore }: Stores, samples: Samples): Promise<void> {
  const { rows } = await eventStore.query<{ bytes: number; items: number; records: number }>(
    `select sum(b.bytes)::float8 as bytes, sum(b.items)::float8 as items,
            count(*)::float8 as records
       from (select octet_length(o.payload) as bytes,
                    (select sum(accepted) from submission_batches s
                      where s.batch_id = o.batch_id) as items
               from outbox o order by o.stored_at desc limit 200) b where b.items > 0`,
  );
  const [{ bytes, items, records } = { bytes: 0, items: 0, records: 0 }] = rows;
  if (records === 0) return;
  samples.add('outbox.bytes', bytes / items);
  samples.add('outbox.items_per_record', items / records);
}

async function addConnections({ eventStore }: Stores, samples: Samples): Promise<void> {
  const { rows } = await eventStore.query<{ datname: string; count: number }>(
    `select datname, count(*)::int4 as count from pg_stat_activity
      where application_name <> 'bank-bench' and datname in ('event_store', 'projection_store')
      group by datname`,
  );
  for (const { datname, count } of rows) samples.add(`postgres.connections_${datname}`, count);
}
