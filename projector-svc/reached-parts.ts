/**
 * Where projector-svc listens, and how it reaches its stores, Redis, Kafka and Connect: addresses
 * with all that secures them, read from the environment as a part of its settings (config.ts).
 */
import { z } from 'zod';
import { envAddress, envList, envText } from '#platform/config.ts';
import type { Address } from '#platform/config.ts';
import { KAFKA_ENV, kafkaSecurity } from '#platform/kafka-security.ts';
import type { KafkaSecurity } from '#platform/kafka-security.ts';
import type { ListenerTls } from '#platform/listener-tls.ts';
import { TRANSPORT_ENV, transportSettings } from '#platform/transport-settings.ts';

export type ReachedParts = {
  listen: Address;
  /** undefined: plaintext, on this machine only. */
  tls: ListenerTls | undefined;
  eventStoreUrl: string;
  projectionStoreUrl: string;
  redisUrl: string;
  kafkaBrokers: string[];
  kafkaSecurity: KafkaSecurity;
  /** undefined: no Connect to watch. */
  connectUrl: string | undefined;
};

export const REACHED_PARTS_ENV = {
  ...TRANSPORT_ENV,
  ...KAFKA_ENV,
  BANK_PROJECTOR_LISTEN: envAddress('127.0.0.1:50053'),
  BANK_EVENT_STORE_URL: envText(),
  BANK_PROJECTION_STORE_URL: envText(),
  BANK_REDIS_URL: envText(),
  BANK_KAFKA_BROKERS: envList(),
  BANK_CONNECT_URL: z.url().optional(),
};

type Env = z.infer<z.ZodObject<typeof REACHED_PARTS_ENV>>;

export function reachedParts(env: Env, ctx: z.RefinementCtx): ReachedParts {
  const { BANK_EVENT_STORE_URL, BANK_PROJECTION_STORE_URL, BANK_REDIS_URL, BANK_CONNECT_URL } = env;
  const security = kafkaSecurity(env, ctx);
  const brokers = env.BANK_KAFKA_BROKERS;
  const reached = {
    listen: ['BANK_PROJECTOR_LISTEN', env.BANK_PROJECTOR_LISTEN] as const,
    urls: { BANK_EVENT_STORE_URL, BANK_PROJECTION_STORE_URL, BANK_REDIS_URL, BANK_CONNECT_URL },
    brokers: { brokers, security },
  };
  return {
    listen: env.BANK_PROJECTOR_LISTEN,
    tls: transportSettings(env, reached, ctx),
    eventStoreUrl: BANK_EVENT_STORE_URL,
    projectionStoreUrl: BANK_PROJECTION_STORE_URL,
    redisUrl: BANK_REDIS_URL,
    kafkaBrokers: brokers,
    kafkaSecurity: security,
    connectUrl: BANK_CONNECT_URL,
  };
}
