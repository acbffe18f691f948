/**
 * How a service is reached and how it reaches its parts, checked at its start: each address is
 * looked at for TLS, and plaintext that would leave this machine is refused (plaintext.ts).
 */
import type { z } from 'zod';
import { takeTlsFiles } from './address-url.ts';
import { ConfigError, parseAddress, type Address } from './config.ts';
import type { KafkaSecurity } from './kafka-security.ts';
import { LISTENER_TLS_ENV, listenerPlaintext, listenerTls } from './listener-tls.ts';
import type { ListenerTls } from './listener-tls.ts';
import { PLAINTEXT_ENV, refusePlaintext, type PlaintextWay } from './plaintext.ts';
import { postgresConnection, postgresHost } from './postgres-connection.ts';
import { redisConnection } from './redis-connection.ts';
import { TELEMETRY_WAYS_ENV, telemetryWays } from './telemetry-ways.ts';

export const TRANSPORT_ENV = {
  ...PLAINTEXT_ENV,
  ...LISTENER_TLS_ENV,
  ...TELEMETRY_WAYS_ENV,
};

type Issues = Pick<z.RefinementCtx, 'addIssue'>;
type TransportEnv = z.infer<z.ZodObject<typeof TRANSPORT_ENV>>;

export type Reached = {
  /** By the variable that names it. */
  readonly listen: readonly [variable: string, address: Address];
  /** URLs of PostgreSQL, Redis, Kafka Connect; undefined: not used. */
  readonly urls: Readonly<Record<string, string | undefined>>;
  readonly brokers?: KafkaWay;
};

export type KafkaWay = {
  readonly brokers: readonly string[];
  readonly security: KafkaSecurity;
};

/** The listener's TLS; undefined: plaintext. */
export function transportSettings(
  env: TransportEnv,
  { listen: [variable, address], urls, brokers }: Reached,
  ctx: Issues,
): ListenerTls | undefined {
  const tls = listenerTls(env, ctx);
  const listener = listenerPlaintext(variable, address, tls);
  const others = [listener, ...telemetryWays(env)];
  checkAddresses(env, { urls, ...(brokers && { brokers }) }, ctx, others);
  return tls;
}

/** The same for who listens nowhere. */
export function checkAddresses(
  env: Pick<TransportEnv, 'BANK_PLAINTEXT'>,
  { urls, brokers }: Omit<Reached, 'listen'>,
  ctx: Issues,
  others: readonly PlaintextWay[] = [],
): void {
  const ways = Object.entries(urls).flatMap(([variable, url]) =>
    url === undefined ? [] : [wayOf(variable, url, ctx)],
  );
  const kafka = brokers === undefined ? [] : [kafkaWay(brokers)];
  refusePlaintext(env, [...others, ...ways, ...kafka], ctx);
}

function kafkaWay({ brokers, security }: KafkaWay): PlaintextWay {
  const hosts = brokers.map((broker) => parseAddress(broker)?.host ?? broker);
  const remedy = 'set BANK_KAFKA_CA_FILE, or BANK_KAFKA_TLS=on';
  return { variable: 'BANK_KAFKA_BROKERS', hosts: security.ssl === undefined ? hosts : [], remedy };
}

function wayOf(variable: string, text: string, ctx: Issues): PlaintextWay {
  const none: PlaintextWay = { variable, hosts: [], remedy: '' };
  const issue = (message: string): PlaintextWay => {
    ctx.addIssue({ code: 'custom', path: [variable], message });
    return none;
  };
  if (!URL.canParse(text)) return issue('must be a URL');
  const url = new URL(text);
  const plaintext = (remedy: string): PlaintextWay => ({ variable, hosts: hostsOf(url), remedy });
  try {
    switch (url.protocol) {
      case 'postgres:':
      case 'postgresql:': {
        const connection = postgresConnection(text);
        if (connection.ssl !== false) return none;
        const host = postgresHost(connection);
        const hosts = host.startsWith('/') ? [] : [host];
        return { variable, hosts, remedy: 'add sslmode=verify-full and sslrootcert to it' };
      }
      case 'rediss:':
        redisConnection(text);
        return none;
      case 'redis:':
        redisConnection(text);
        return plaintext('make it rediss:, with ca_file');
      case 'https:':
        takeTlsFiles(url);
        return none;
      case 'http:':
        return plaintext('make it https:, with ca_file');
      default:
        return issue('must be a URL of postgres:, redis:, rediss:, http: or https:');
    }
  } catch (error) {
    if (error instanceof ConfigError) return issue(error.message);
    throw error;
  }
}

/** A socket in the file system has no host. */
function hostsOf({ hostname }: URL): string[] {
  return hostname === '' ? [] : [hostname];
}
