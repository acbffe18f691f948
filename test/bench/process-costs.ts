/**
 * What a bulk run costs each process in CPU and Redis in commands: counters read before and after
 * it, divided by its items.
 */
import type { Bank, Stores } from './bank.ts';
import { redisCommands } from './redis-commands.ts';
import type { Samples } from './samples.ts';

type Counters = {
  readonly cpuMs: Readonly<Record<string, number>>;
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
  samples.add('redis.commands', (after.redisCommands - before.redisCommands) / items);
  await addConnections(bank.stores, samples);
}

async function readCounters({ mesh }: Bank): Promise<Counters> {
  const { user, system } = process.cpuUsage();
  const sum = (parts: readonly { cpuMs: () => number }[]): number =>
    parts.reduce((ms, part) => ms + part.cpuMs(), 0);
  const { postgres, redis, kafka, connect } = mesh.stack.parts;
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
    redisCommands: await redisCommands(mesh.stack.redisUrl),
  };
}

async function addConnections({ eventStore }: Stores, samples: Samples): Promise<void> {
  const { rows } = await eventStore.query<{ datname: string; count: number }>(
    `select datname, count(*)::int4 as count from pg_stat_activity
      where application_name <> 'bank-bench' and datname in ('event_store', 'projection_store')
      group by datname`,
  );
  for (const { datname, count } of rows) samples.add(`postgres.connections_${datname}`, count);
}
