// A port for each part of a stack: the environment's, or a free one (ports.ts).
import { choosePort, freePort } from './ports.ts';
import type { StackPart } from './stack.ts';

export type Ports = Record<StackPart | 'controller' | 'eventStore', number> & {
  /** Of all brokers and workers but the first. */
  moreBrokers: readonly { broker: number; controller: number }[];
  moreWorkers: readonly number[];
};

export type PortsWanted = { eventStoreApart: boolean; brokers: number; connectWorkers: number };

export async function choosePorts(env: NodeJS.ProcessEnv, wanted: PortsWanted): Promise<Ports> {
  const postgres = await choosePort('BANK_POSTGRES_PORT', env);
  const ports = {
    postgres,
    eventStore: wanted.eventStoreApart ? await freePort() : postgres,
    redis: await choosePort('BANK_REDIS_PORT', env),
    kafka: await choosePort('BANK_KAFKA_PORT', env),
    connect: await choosePort('BANK_CONNECT_PORT', env),
    controller: await freePort(),
  };
  const moreBrokers = Array.from({ length: wanted.brokers - 1 }, async () => {
    return { broker: await freePort(), controller: await freePort() };
  });
  const moreWorkers = Array.from({ length: wanted.connectWorkers - 1 }, () => freePort());
  return {
    ...ports,
    moreBrokers: await Promise.all(moreBrokers),
    moreWorkers: await Promise.all(moreWorkers),
  };
}

/** host:port of every broker. */
export function brokerAddresses({ kafka, moreBrokers }: Ports): string[] {
  return [kafka, ...moreBrokers.map(({ broker }) => broker)].map((port) => `127.0.0.1:${port}`);
}
