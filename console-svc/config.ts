/**
 * Every setting and bound of console-svc, read from the environment once, at the start. A value out
 * of bounds ends the start with a ConfigError that names the variable, the value and the rule.
 *
 * The service proves nothing and verifies nothing: BANK_AUTH says only whether it asks who looks
 * for a token. So it takes no client certificate without tokens: whoever opens the page would be
 * who that certificate is.
 */
import { z } from 'zod';
import type { ClientTlsFiles } from '#client/bank-access.ts';
import type { BankAddresses } from '#client/bank-client.ts';
import { envAddress, envInt, envList, envText, parseAddress, parseEnv } from '#platform/config.ts';
import type { Address } from '#platform/config.ts';
import { LISTENER_TLS_ENV, listenerPlaintext, listenerTls } from '#platform/listener-tls.ts';
import type { ListenerTls } from '#platform/listener-tls.ts';
import { isLoopback } from '#platform/loopback.ts';
import { PLAINTEXT_ENV, refusePlaintext } from '#platform/plaintext.ts';
import { TELEMETRY_WAYS_ENV, telemetryWays } from '#platform/telemetry-ways.ts';

export type ConsoleConfig = {
  readonly listen: Address;
  /** undefined: plaintext, on this machine only. */
  readonly tls: ListenerTls | undefined;
  readonly addresses: BankAddresses;
  /** How the services are reached; undefined: in plaintext. */
  readonly bankTls: ClientTlsFiles | undefined;
  /** How often these files are looked at. */
  readonly bankTlsReloadMs: number;
  /** Nothing is shown to who has no token. */
  readonly asksForToken: boolean;
  readonly instance: string;
  readonly logLevel: string;
  /** The services are asked so often for each person and view that is looked at. */
  readonly pollMs: number;
  /** A view that nobody looks at any more is asked about for so long. */
  readonly idleMs: number;
  /** Deadline of a call. */
  readonly callMs: number;
  /** Views that are looked at, and live pages, at once; more are refused. */
  readonly viewsMax: number;
  readonly streamsMax: number;
  /** A live page's stream ends at this age; the page opens the next one. */
  readonly streamAgeMaxMs: number;
  readonly drainMs: number;
};

/** Of one connection and one request. */
export const HTTP = {
  connectionsMax: 1_024,
  headersMs: 10_000,
  requestMs: 15_000,
  keepAliveMs: 5_000,
  handshakeMs: 10_000,
  headerBytesMax: 16 * 1_024,
  /** What a form may send: a token and a path. */
  bodyBytesMax: 16 * 1_024,
} as const;
/** Characters of a token. In a cookie: browsers keep 4,096 bytes of one. */
export const TOKEN = { headerMax: 8_192, cookieMax: 3_800 } as const;
/** What one page lists. */
export const LISTS = {
  recent: 8,
  submissions: 20,
  rejections: 25,
  letters: 20,
  accounts: 25,
  entries: 25,
} as const;
/** The lines of the overview go so far back, and its rates are over so long. */
export const HISTORY = { samplesMax: 300, rateMs: 3_000 } as const;
/** How much of a submission can be read: followed for those that are open or were closed lately. */
export const FOLLOWED = { streamsMax: 4, closedLatelyMs: 300_000, retryMs: 10_000 } as const;

const ENV = z.object({
  ...PLAINTEXT_ENV,
  ...LISTENER_TLS_ENV,
  ...TELEMETRY_WAYS_ENV,
  BANK_CONSOLE_LISTEN: envAddress('127.0.0.1:8080'),
  BANK_COMMAND_ADDRESS: envList(['127.0.0.1:50051']),
  BANK_QUERY_ADDRESS: envList(['127.0.0.1:50052']),
  BANK_PROJECTOR_ADDRESS: envList(['127.0.0.1:50053']),
  BANK_AUTH: z.enum(['off', 'jwt', 'mtls', 'jwt+mtls']).default('off'),
  BANK_CLIENT_TLS: z.enum(['on', 'off']).optional(),
  BANK_CLIENT_CA_FILE: z.string().optional(),
  BANK_CLIENT_CERT_FILE: z.string().optional(),
  BANK_CLIENT_KEY_FILE: z.string().optional(),
  BANK_INSTANCE: envText(`console-svc-${process.pid}`),
  BANK_LOG_LEVEL: envText('info'),
  BANK_CONSOLE_POLL_MS: envInt({ min: 100, max: 60_000, default: 1_000 }),
  BANK_CONSOLE_IDLE_MS: envInt({ min: 0, max: 600_000, default: 30_000 }),
  BANK_CONSOLE_CALL_MS: envInt({ min: 100, max: 30_000, default: 4_000 }),
  BANK_CONSOLE_VIEWS_MAX: envInt({ min: 1, max: 10_000, default: 64 }),
  BANK_CONSOLE_STREAMS_MAX: envInt({ min: 1, max: 1_000, default: 200 }),
  BANK_CONSOLE_STREAM_AGE_MAX_MS: envInt({ min: 1_000, max: 3_600_000, default: 600_000 }),
  BANK_CONSOLE_DRAIN_MS: envInt({ min: 100, max: 8_000, default: 3_000 }),
});
type Env = z.infer<typeof ENV>;

const SCHEMA = ENV.transform((env, ctx): ConsoleConfig => {
  const problem = (variable: string, message: string): void =>
    ctx.addIssue({ code: 'custom', path: [variable], message });
  checkWhoLooks(env, problem);
  const tls = listenerTls(env, ctx);
  if (tls !== undefined && tls.clientCaFile !== undefined && !tls.clientCertificateRequired) {
    problem('BANK_TLS_CLIENT_CERTIFICATE', 'must be required here, or left out');
  }
  const addresses = {
    command: env.BANK_COMMAND_ADDRESS,
    query: env.BANK_QUERY_ADDRESS,
    projector: env.BANK_PROJECTOR_ADDRESS,
  };
  const isTls = usesTls(env);
  const listener = listenerPlaintext('BANK_CONSOLE_LISTEN', env.BANK_CONSOLE_LISTEN, tls);
  const ways = SERVICES.map((variable) => {
    const hosts = env[variable].map((address) => parseAddress(address)?.host ?? '');
    if (hosts.includes('')) problem(variable, 'must be host:port, or a list of them');
    return { variable, hosts: isTls ? [] : hosts, remedy: 'set BANK_CLIENT_CA_FILE' };
  });
  refusePlaintext(env, [listener, ...ways, ...telemetryWays(env)], ctx);
  return {
    listen: env.BANK_CONSOLE_LISTEN,
    tls,
    addresses,
    bankTls: isTls ? filesOf(env) : undefined,
    bankTlsReloadMs: env.BANK_TLS_RELOAD_MS,
    asksForToken: env.BANK_AUTH !== 'off',
    instance: env.BANK_INSTANCE,
    logLevel: env.BANK_LOG_LEVEL,
    pollMs: env.BANK_CONSOLE_POLL_MS,
    idleMs: env.BANK_CONSOLE_IDLE_MS,
    callMs: env.BANK_CONSOLE_CALL_MS,
    viewsMax: env.BANK_CONSOLE_VIEWS_MAX,
    streamsMax: env.BANK_CONSOLE_STREAMS_MAX,
    streamAgeMaxMs: env.BANK_CONSOLE_STREAM_AGE_MAX_MS,
    drainMs: env.BANK_CONSOLE_DRAIN_MS,
  };
});

const SERVICES = ['BANK_COMMAND_ADDRESS', 'BANK_QUERY_ADDRESS', 'BANK_PROJECTOR_ADDRESS'] as const;

function checkWhoLooks(env: Env, problem: (variable: string, message: string) => void): void {
  if (env.BANK_AUTH === 'mtls') {
    problem('BANK_AUTH', 'must be jwt or jwt+mtls here: the page asks by the token of who looks');
  }
  if (env.BANK_AUTH !== 'off') return;
  if (!isLoopback(env.BANK_CONSOLE_LISTEN.host)) {
    const message = 'without authentication the page is for this machine only: set BANK_AUTH';
    problem('BANK_CONSOLE_LISTEN', message);
  }
  if (env.BANK_CLIENT_CERT_FILE !== undefined) {
    const message = 'with BANK_AUTH=off whoever opens the page would be who it names';
    problem('BANK_CLIENT_CERT_FILE', message);
  }
}

function usesTls({ BANK_CLIENT_TLS, BANK_CLIENT_CA_FILE }: Env): boolean {
  if (BANK_CLIENT_TLS !== undefined) return BANK_CLIENT_TLS === 'on';
  return BANK_CLIENT_CA_FILE !== undefined;
}

function filesOf(env: Env): ClientTlsFiles {
  const { BANK_CLIENT_CA_FILE: caFile, BANK_CLIENT_CERT_FILE: certFile } = env;
  return { caFile, certFile, keyFile: env.BANK_CLIENT_KEY_FILE };
}

export function readConfig(env: NodeJS.ProcessEnv): ConsoleConfig {
  return parseEnv(SCHEMA, env);
}
