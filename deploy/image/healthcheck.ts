/**
 * The image's health check, and the chart's probes: asks the service beside it by grpc.health.v1
 * whether it serves (the console by its /readyz), and ends with 0 or 1; with the argument `answers`
 * any answer is good, for a service that waits for its store is not to be restarted. It reads where
 * and how the service listens from the service's own environment. It trusts whoever answers, for
 * that is this machine, and shows the service's own certificate, which therefore is one for clients
 * too where a client has to show one. A process of its own every few seconds, it takes HTTP/2 as
 * Node has it, which is a fourth of what the gRPC library and what we read settings with take of
 * the CPU.
 */
import { readFileSync } from 'node:fs';
import { get } from 'node:http';
import { connect, constants, type ClientHttp2Session } from 'node:http2';
import { get as getByTls } from 'node:https';
import type { ConnectionOptions } from 'node:tls';

const DEADLINE_MS = 3000;
const NO_ANSWER = `no answer in ${DEADLINE_MS} ms`;
const CONSOLE_LISTEN = 'BANK_CONSOLE_LISTEN';
const LISTENS = ['BANK_COMMAND_LISTEN', 'BANK_QUERY_LISTEN', 'BANK_PROJECTOR_LISTEN'];
/** HealthCheckRequest of the whole server: a frame without compression, of no bytes. */
const REQUEST = Buffer.alloc(5);
const MESSAGE_AT = 5;
/** HealthCheckResponse: field 1, SERVING. */
const SERVING = Buffer.from([0x08, 0x01]);

type Answer = { readonly grpcStatus: string; readonly body: Buffer };

async function check(env: NodeJS.ProcessEnv): Promise<void> {
  if (env[CONSOLE_LISTEN] !== undefined) return checkConsole(env);
  const session = openSession(env);
  try {
    const { grpcStatus, body } = await ask(session);
    if (isAnyGood()) return;
    if (grpcStatus !== '0') throw new Error(`the service answers by gRPC's status ${grpcStatus}`);
    if (body.subarray(MESSAGE_AT).equals(SERVING)) return;
    throw new Error('the service says that it does not serve');
  } finally {
    session.destroy();
  }
}

function isAnyGood(): boolean {
  return process.argv.includes('answers');
}

/** It speaks HTTP/1.1. */
function checkConsole(env: NodeJS.ProcessEnv): Promise<void> {
  const address = addressOf(env, [CONSOLE_LISTEN]);
  const tls = tlsOf(env);
  const request =
    tls === undefined
      ? get(`http://${address}/readyz`, { agent: false })
      : getByTls(`https://${address}/readyz`, { ...tls, agent: false });
  return new Promise((resolve, reject) => {
    request.setTimeout(DEADLINE_MS, () => request.destroy(new Error(NO_ANSWER)));
    request.once('error', reject);
    request.once('response', (response) => {
      response.resume();
      if (response.statusCode === 200 || isAnyGood()) resolve();
      else reject(new Error(`the console answers ${response.statusCode}`));
    });
  });
}

function openSession(env: NodeJS.ProcessEnv): ClientHttp2Session {
  const address = addressOf(env, LISTENS);
  const tls = tlsOf(env);
  return tls === undefined ? connect(`http://${address}`) : connect(`https://${address}`, tls);
}

function tlsOf(env: NodeJS.ProcessEnv): ConnectionOptions | undefined {
  const { BANK_TLS_CERT_FILE: certFile = '', BANK_TLS_KEY_FILE: keyFile = '' } = env;
  if (certFile === '' || keyFile === '') return undefined;
  const pair = { cert: readFileSync(certFile), key: readFileSync(keyFile) };
  return { ...pair, minVersion: 'TLSv1.3', rejectUnauthorized: false }; // this machine itself
}

function ask(session: ClientHttp2Session): Promise<Answer> {
  return new Promise((resolve, reject) => {
    session.once('error', reject);
    const call = session.request({
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: '/grpc.health.v1.Health/Check',
      [constants.HTTP2_HEADER_CONTENT_TYPE]: 'application/grpc',
      te: 'trailers',
    });
    const chunks: Buffer[] = [];
    let grpcStatus = 'none';
    const take = (headers: Record<string, unknown>): void => {
      if (typeof headers['grpc-status'] === 'string') grpcStatus = headers['grpc-status'];
    };
    call.setTimeout(DEADLINE_MS, () => {
      reject(new Error(NO_ANSWER));
      session.destroy();
    });
    call.once('error', reject);
    call.once('response', take); // a refusal has its status there
    call.once('trailers', take);
    call.on('data', (chunk: Buffer) => void chunks.push(chunk));
    call.once('end', () => resolve({ grpcStatus, body: Buffer.concat(chunks) }));
    call.end(REQUEST);
  });
}

/** Of the one service whose environment this is; who listens everywhere is there on loopback. */
function addressOf(env: NodeJS.ProcessEnv, names: readonly string[]): string {
  const [listen, more] = names.flatMap((name) => env[name] ?? []);
  if (listen === undefined || more !== undefined) {
    throw new Error(`one of ${names.join(', ')} must be set`);
  }
  return listen.replace(/^0\.0\.0\.0:/, '127.0.0.1:').replace(/^\[::\]:/, '[::1]:');
}

try {
  await check(process.env);
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
