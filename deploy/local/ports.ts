// Ports for the parts: the one that the environment names (a taken one is an error that names the
// variable), or a free one from below the range that the kernel uses for outgoing connections, so
// that a part which is started again finds its port still free.
import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';

const HOST = '127.0.0.1';
const SPAN = 12_000;
const DEFAULT_FIRST = 20_000;
const TRIES_MAX = 200;
const given = new Set<number>();

export async function choosePort(variable: string, env: NodeJS.ProcessEnv): Promise<number> {
  const text = env[variable];
  if (text === undefined || text === '') return freePort();
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new Error(`${variable}=${text}: must be a port from 1 to 65535`);
  }
  await requireFreePort(port, variable);
  return port;
}

export async function requireFreePort(port: number, variable: string, host = HOST): Promise<void> {
  const error = await portError(port, host);
  if (error === undefined) return;
  const why = 'code' in error && error.code === 'EADDRINUSE' ? 'is taken' : 'cannot be used';
  throw new Error(`port ${port} ${why}: set ${variable} to a free one`, { cause: error });
}

export async function freePort(): Promise<number> {
  const first = firstPort();
  for (let attempt = 0; attempt < TRIES_MAX; attempt += 1) {
    const port = first + randomInt(SPAN);
    if (given.has(port) || (await portError(port, HOST)) !== undefined) continue;
    given.add(port);
    return port;
  }
  throw new Error(`no free port was found between ${first} and ${first + SPAN}`);
}

function firstPort(): number {
  try {
    const range = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8');
    return Math.max(1024, Number(range.split(/\s/)[0]) - SPAN - 1);
  } catch {
    return DEFAULT_FIRST; // not Linux
  }
}

function portError(port: number, host: string): Promise<Error | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', resolve);
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

export function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: HOST });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
