/**
 * toxiproxy as a part: one process that stands between each two parts of the mesh, and is told over
 * HTTP what to do to their bytes. A proxy is healed by taking away what was added; where that does
 * not work in time, its connections are cut.
 */
import { mkdirSync } from 'node:fs';
import { z } from 'zod';
import { newLogFile } from '#deploy/local/log-files.ts';
import { Part } from '#deploy/local/part.ts';
import { freePort, isListening } from '#deploy/local/ports.ts';
import type { Progress } from '#deploy/local/progress.ts';
import { findToxiproxy } from './toxiproxy-binary.ts';

export type Toxic = {
  type: 'latency' | 'bandwidth' | 'timeout' | 'reset_peer';
  stream: 'upstream' | 'downstream';
  attributes: Record<string, number>;
};

export type Toxiproxy = {
  readonly part: Part;
  /** Puts a proxy in front of a port; answers the proxy's. */
  stand: (name: string, upstreamPort: number) => Promise<number>;
  /** The same, for one whose port is known. */
  standAt: (name: string, port: number, upstreamPort: number) => Promise<void>;
  poison: (name: string, toxics: readonly Toxic[]) => Promise<void>;
  /** Down: connections are cut and refused. */
  setUp: (name: string, isUp: boolean) => Promise<void>;
  heal: (name: string) => Promise<void>;
};

const READY_TIMEOUT_MS = 10_000;
const GRACE_MS = 1000;
const REQUEST_TIMEOUT_MS = 5000;
const HOST = '127.0.0.1';

const ProxyState = z.object({ toxics: z.array(z.object({ name: z.string() })) });

export async function startToxiproxy(
  folder: string,
  seed: number,
  progress: Progress,
): Promise<Toxiproxy> {
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const binary = await findToxiproxy(progress);
  const args = ['-host', HOST, '-port', String(port), '-seed', String(seed)];
  const env = { LOG_LEVEL: 'warn' };
  const spec = {
    name: 'toxiproxy',
    command: () => Promise.resolve({ file: binary, args, env, cwd: folder }),
    isReady: () => isListening(port),
    readyTimeoutMs: READY_TIMEOUT_MS,
    stopSignal: 'SIGKILL',
    graceMs: GRACE_MS,
    logFile: newLogFile(folder, 'toxiproxy'),
  } as const;
  const onGivenUp = (reason: Error): void => progress('toxiproxy', reason.message);
  const part = new Part(spec, { progress, restarts: false, onGivenUp });
  await part.start();
  return { part, ...proxiesOf(`http://${HOST}:${port}`) };
}

function proxiesOf(url: string): Omit<Toxiproxy, 'part'> {
  const standAt: Toxiproxy['standAt'] = async (name, port, upstreamPort) => {
    const [listen, upstream] = [`${HOST}:${port}`, `${HOST}:${upstreamPort}`];
    await call(url, 'POST', '/proxies', { name, listen, upstream, enabled: true });
  };
  const setUp: Toxiproxy['setUp'] = async (name, isUp) => {
    await call(url, 'PATCH', `/proxies/${name}`, { enabled: isUp });
  };
  return {
    standAt,
    setUp,
    stand: async (name, upstreamPort) => {
      const port = await freePort();
      await standAt(name, port, upstreamPort);
      return port;
    },
    poison: async (name, toxics) => {
      for (const toxic of toxics) await call(url, 'POST', `/proxies/${name}/toxics`, toxic);
    },
    heal: async (name) => {
      try {
        const { toxics } = ProxyState.parse(await call(url, 'GET', `/proxies/${name}`));
        for (const toxic of toxics) {
          await call(url, 'DELETE', `/proxies/${name}/toxics/${toxic.name}`);
        }
      } catch {
        await setUp(name, false); // a toxic that cannot be taken out ends with its connections
      }
      await setUp(name, true);
    },
  };
}

async function call(url: string, method: string, path: string, body?: object): Promise<unknown> {
  const response = await fetch(`${url}${path}`, {
    method,
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer = await response.text();
  if (!response.ok) throw new Error(`toxiproxy: ${method} ${path}: ${answer.slice(0, 300)}`);
  return answer === '' ? undefined : JSON.parse(answer);
}
