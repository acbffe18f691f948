/**
 * The image's health check, and the chart's probes: asks the service beside it by grpc.health.v1
 * whether it serves, and ends with 0 or 1; with the argument `answers` any answer is good, for a
 * service that waits for its store is not to be restarted. It reads where and how the service
 * listens from the service's own environment. It trusts whoever answers, for that is this
 * machine, and shows the service's own certificate, which therefore is one for clients too where a
 * client has to show one.
 */
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { credentials, type ChannelCredentials } from '@grpc/grpc-js';
import { z } from 'zod';
import { unaryCall } from '#client/unary-call.ts';
import { envAddress, parseEnv, type Address } from '#platform/config.ts';
import { TLS_VERSION_MIN } from '#platform/tls-version.ts';
import { HealthCheckResponse_ServingStatus, HealthClient } from '#proto/health/v1/health.ts';
import { errorText } from '../error-text.ts';

const DEADLINE_MS = 3000;
const NOWHERE = 'nowhere:0';

const ENV = z.object({
  BANK_COMMAND_LISTEN: envAddress(NOWHERE),
  BANK_QUERY_LISTEN: envAddress(NOWHERE),
  BANK_PROJECTOR_LISTEN: envAddress(NOWHERE),
  BANK_TLS_CERT_FILE: z.string().optional(),
  BANK_TLS_KEY_FILE: z.string().optional(),
});
type Env = z.infer<typeof ENV>;

async function check(): Promise<void> {
  const env = parseEnv(ENV, process.env);
  const client = new HealthClient(addressOf(env), credentialsOf(env));
  try {
    const request = { service: '' };
    const options = { deadlineMs: DEADLINE_MS };
    const { status } = await unaryCall(client.check.bind(client), request, options);
    if (process.argv.includes('answers')) return;
    if (status === HealthCheckResponse_ServingStatus.SERVING) return;
    throw new Error('the service says that it does not serve');
  } finally {
    client.close();
  }
}

/** Of the one service whose environment this is. */
function addressOf(env: Env): string {
  const listens = [env.BANK_COMMAND_LISTEN, env.BANK_QUERY_LISTEN, env.BANK_PROJECTOR_LISTEN];
  const [listen, more] = listens.filter(({ port }) => port !== 0);
  if (listen !== undefined && more === undefined) return `${reachable(listen)}:${listen.port}`;
  throw new Error('one of BANK_COMMAND_LISTEN, BANK_QUERY_LISTEN, BANK_PROJECTOR_LISTEN names it');
}

/** Who listens everywhere is reached on loopback. */
function reachable({ host }: Address): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}

function credentialsOf(env: Env): ChannelCredentials {
  const { BANK_TLS_CERT_FILE: certFile, BANK_TLS_KEY_FILE: keyFile } = env;
  if (certFile === undefined || keyFile === undefined) return credentials.createInsecure();
  const pair = { cert: readFileSync(certFile), key: readFileSync(keyFile) };
  const context = createSecureContext({ ...pair, minVersion: TLS_VERSION_MIN });
  return credentials.createFromSecureContext(context, { rejectUnauthorized: false });
}

try {
  await check();
} catch (error) {
  console.error(errorText(error));
  process.exitCode = 1;
}
