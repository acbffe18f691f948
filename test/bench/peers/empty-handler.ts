/**
 * Starts the server of empty handlers in a process of its own, as the services are.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { RawClient } from '../raw-client.ts';

const SERVER = fileURLToPath(new URL('../empty-server.ts', import.meta.url));
const START_MS = 10_000;
const saysPort = z.tuple([z.object({ port: z.number() })]).rest(z.unknown());

export type EmptyHandler = { readonly client: RawClient; readonly stop: () => Promise<void> };

export async function startEmptyHandler(): Promise<EmptyHandler> {
  const child = fork(SERVER, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const exited = once(child, 'exit');
  const end = async (): Promise<void> => {
    if (child.connected) child.disconnect();
    await exited;
  };
  try {
    const message: unknown = await once(child, 'message', {
      signal: AbortSignal.timeout(START_MS),
    });
    const [{ port }] = saysPort.parse(message);
    const client = new RawClient(`127.0.0.1:${port}`);
    return {
      client,
      stop: async () => {
        client.close();
        await end();
      },
    };
  } catch (error) {
    await end();
    throw error;
  }
}
