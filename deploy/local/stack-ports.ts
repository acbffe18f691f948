// A port for each part of a stack: the environment's, or a free one (ports.ts).
import { choosePort, freePort } from './ports.ts';
import type { StackPart } from './stack.ts';

export type Ports = Record<StackPart | 'controller' | 'eventStore', number>;

export async function choosePorts(
  env: NodeJS.ProcessEnv,
  eventStoreApart: boolean,
): Promise<Ports> {
  const postgres = await choosePort('BANK_POSTGRES_PORT', env);
  return {
    postgres,
    eventStore: eventStoreApart ? await freePort() : postgres,
    redis: await choosePort('BANK_REDIS_PORT', env),
    kafka: await choosePort('BANK_KAFKA_PORT', env),
    connect: await choosePort('BANK_CONNECT_PORT', env),
    controller: await freePort(),
  };
}
