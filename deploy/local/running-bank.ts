// The bank that examples and documents talk to: the running one (npm start, on its usual ports),
// else a mesh of their own in a folder of that name, which stop() ends.
import { fileURLToPath } from 'node:url';
import { startMesh } from './mesh.ts';
import type { Mesh } from './mesh.ts';
import { isListening } from './ports.ts';

const FOLDERS = fileURLToPath(new URL('../../.local', import.meta.url));
const HOST = '127.0.0.1';
const PORTS = { command: 50_051, query: 50_052, projector: 50_053 } as const;

export type RunningBank = Pick<Mesh, 'addresses' | 'stop'>;

export async function runningOrOwnBank(
  folder: string,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<RunningBank> {
  const running = await Promise.all(Object.values(PORTS).map(isListening));
  if (!running.every(Boolean)) {
    say('no bank runs on the usual ports: starting one for this');
    return await startMesh({ dataFolder: `${FOLDERS}/${folder}`, signal });
  }
  say(`using the bank that runs on ${HOST}:${PORTS.command}`);
  const address = (port: number): string[] => [`${HOST}:${port}`];
  return {
    addresses: {
      command: address(PORTS.command),
      query: address(PORTS.query),
      projector: address(PORTS.projector),
    },
    stop: () => Promise.resolve(),
  };
}
