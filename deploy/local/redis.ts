// Redis of the local stack. It holds nothing that must last (locks, leases, a read cache), so it
// writes nothing to disk.
import { mkdir } from 'node:fs/promises';
import { connect } from 'node:net';
import type { DataFolder } from './data-folder.ts';
import { newLogFile } from './log-files.ts';
import type { PartSpec } from './part.ts';
import { FOLDER_VARIABLE } from './process-tree.ts';

const READY_TIMEOUT_MS = 10_000;
const GRACE_MS = 3000;
const PROBE_TIMEOUT_MS = 500;

export function redisSpec(
  folder: Pick<DataFolder, 'path' | 'logs' | 'inside'>,
  findBinary: () => Promise<string>,
  port: number,
): PartSpec {
  const cwd = folder.inside('redis');
  return {
    name: 'redis',
    command: async () => {
      await mkdir(cwd, { recursive: true });
      const args = ['--bind', '127.0.0.1', '--port', String(port), '--dir', cwd];
      const inMemory = ['--save', '', '--appendonly', 'no', '--daemonize', 'no'];
      const env = { [FOLDER_VARIABLE]: folder.path };
      return { file: await findBinary(), args: [...args, ...inMemory], cwd, env };
    },
    isReady: () => answersPing(port),
    readyTimeoutMs: READY_TIMEOUT_MS,
    stopSignal: 'SIGTERM',
    graceMs: GRACE_MS,
    logFile: newLogFile(folder.logs, 'redis'),
  };
}

function answersPing(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, timeout: PROBE_TIMEOUT_MS });
    const settle = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => socket.write('PING\r\n'));
    socket.once('data', (data) => settle(data.toString('latin1').startsWith('+PONG')));
    socket.once('error', () => settle(false));
    socket.once('timeout', () => settle(false));
    socket.once('close', () => resolve(false));
  });
}
