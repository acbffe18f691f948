/**
 * How callers prove who they are, as each service's environment says it: BANK_AUTH and
 * BANK_AUTH_*. Without authentication a service listens on loopback only: anything else ends the
 * start with an error that names the variable.
 */
import { z } from 'zod';
import { takeTlsFiles } from './address-url.ts';
import { ConfigError, envInt, envText, type Address } from './config.ts';
import type { LISTENER_TLS_ENV } from './listener-tls.ts';
import { isLoopback } from './loopback.ts';

export type AuthSettings = {
  /** undefined: tokens are not taken. */
  readonly tokens: TokenSettings | undefined;
  /** The file that says who a client certificate is; undefined: certificates prove nothing. */
  readonly identitiesFile: string | undefined;
  /** Reflection is served to whoever asks. */
  readonly openReflection: boolean;
};

export type TokenSettings = {
  readonly issuer: string;
  readonly audience: string;
  /** Where the issuer's public keys are: an https address, or a file. */
  readonly keys: KeySetSettings;
  readonly clockLeewayMs: number;
  readonly tenantClaim: string;
  readonly ownerClaim: string;
  readonly scopeClaim: string;
};

export type KeySetSettings = {
  readonly source: string;
  readonly refreshMs: number;
  /** Keys that could not be read anew for so long are no longer believed. */
  readonly ageMaxMs: number;
  readonly timeoutMs: number;
};

/** Without authentication: on loopback. */
export const NO_AUTH: AuthSettings = {
  tokens: undefined,
  identitiesFile: undefined,
  openReflection: true,
};

/** Callers are somebody. */
export function asksWho({ tokens, identitiesFile }: AuthSettings): boolean {
  return tokens !== undefined || identitiesFile !== undefined;
}

const MODES = ['off', 'jwt', 'mtls', 'jwt+mtls'] as const;
const DAY_MS = 24 * 3_600_000;

/** The fields of a service's environment. */
export const AUTH_ENV = {
  BANK_AUTH: z.enum(MODES).default('off'),
  BANK_AUTH_ISSUER: z.string().optional(),
  BANK_AUTH_AUDIENCE: envText('banking-es'),
  BANK_AUTH_JWKS: z.string().optional(),
  BANK_AUTH_JWKS_REFRESH_MS: envInt({ min: 100, max: DAY_MS, default: 300_000 }),
  BANK_AUTH_JWKS_AGE_MAX_MS: envInt({ min: 100, max: 7 * DAY_MS, default: 3_600_000 }),
  BANK_AUTH_JWKS_TIMEOUT_MS: envInt({ min: 10, max: 60_000, default: 5_000 }),
  BANK_AUTH_CLOCK_LEEWAY_MS: envInt({ min: 0, max: 300_000, default: 30_000 }),
  BANK_AUTH_TENANT_CLAIM: envText('tenant'),
  BANK_AUTH_OWNER_CLAIM: envText('owner'),
  BANK_AUTH_SCOPE_CLAIM: envText('scope'),
  BANK_AUTH_IDENTITIES: z.string().optional(),
  BANK_AUTH_REFLECTION: z.enum(['open', 'closed']).default('open'),
} as const;

type Env = z.infer<z.ZodObject<typeof AUTH_ENV>>;

/** `listen`: where the service is to listen, and the variable that says so. */
export function authSettings(
  env: Env & Pick<z.infer<z.ZodObject<typeof LISTENER_TLS_ENV>>, 'BANK_TLS_CLIENT_CA_FILE'>,
  listen: Address,
  variable: string,
): AuthSettings {
  const mode = env.BANK_AUTH;
  if (mode === 'off' && !isLoopback(listen.host)) {
    const where = `${variable} is ${JSON.stringify(`${listen.host}:${listen.port}`)}`;
    throw new ConfigError(
      `BANK_AUTH="off": without authentication a service listens on loopback only, and ${where}: ` +
        'set BANK_AUTH to jwt, mtls or jwt+mtls',
    );
  }
  if (mode.endsWith('mtls') && env.BANK_TLS_CLIENT_CA_FILE === undefined) {
    throw new ConfigError(`BANK_TLS_CLIENT_CA_FILE=(not set): must be set with BANK_AUTH=${mode}`);
  }
  refuseUnused(env);
  return {
    tokens: mode.startsWith('jwt') ? tokenSettings(env) : undefined,
    identitiesFile: mode.endsWith('mtls') ? required(env, 'BANK_AUTH_IDENTITIES') : undefined,
    openReflection: mode === 'off' || env.BANK_AUTH_REFLECTION === 'open',
  };
}

function tokenSettings(env: Env): TokenSettings {
  return {
    issuer: required(env, 'BANK_AUTH_ISSUER'),
    audience: env.BANK_AUTH_AUDIENCE,
    keys: {
      source: keySource(required(env, 'BANK_AUTH_JWKS')),
      refreshMs: env.BANK_AUTH_JWKS_REFRESH_MS,
      ageMaxMs: env.BANK_AUTH_JWKS_AGE_MAX_MS,
      timeoutMs: env.BANK_AUTH_JWKS_TIMEOUT_MS,
    },
    clockLeewayMs: env.BANK_AUTH_CLOCK_LEEWAY_MS,
    tenantClaim: env.BANK_AUTH_TENANT_CLAIM,
    ownerClaim: env.BANK_AUTH_OWNER_CLAIM,
    scopeClaim: env.BANK_AUTH_SCOPE_CLAIM,
  };
}

/** Who has set one of them believes that it counts. */
function refuseUnused(env: Env): void {
  const { BANK_AUTH: mode } = env;
  const ofTokens = mode.startsWith('jwt') ? [] : (['BANK_AUTH_ISSUER', 'BANK_AUTH_JWKS'] as const);
  const ofCertificates = mode.endsWith('mtls') ? [] : (['BANK_AUTH_IDENTITIES'] as const);
  const unused = [...ofTokens, ...ofCertificates].find((name) => env[name] !== undefined);
  if (unused === undefined) return;
  throw new ConfigError(`${unused}: counts for nothing with BANK_AUTH=${mode}`);
}

type Optional = 'BANK_AUTH_ISSUER' | 'BANK_AUTH_JWKS' | 'BANK_AUTH_IDENTITIES';

function required(env: Env, name: Optional): string {
  const value = env[name];
  if (value !== undefined) return value;
  throw new ConfigError(`${name}=(not set): must be set with BANK_AUTH=${env.BANK_AUTH}`);
}

/** Whoever can change the keys on their way is whoever they like: https, or this machine. */
function keySource(source: string): string {
  if (!/^[a-z]+:\/\//i.test(source)) return source;
  const url = URL.canParse(source) ? new URL(source) : undefined;
  if (url?.protocol === 'https:') {
    takeTlsFiles(new URL(source)); // throws for a file that cannot be read
    return source;
  }
  if (url?.protocol === 'http:' && isLoopback(url.hostname)) return source;
  throw new ConfigError('BANK_AUTH_JWKS: must be a file, an https address, or http on loopback');
}
