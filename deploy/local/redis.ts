// Redis of the local stack. It holds nothing that must last (locks, leases, a read cache), so it
// writes nothing to disk.
import { mkdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { DataFolder } from './data-folder.ts';
import { newLogFile } from './log-files.ts';
import type { PartSpec } from './part.ts';
import { FOLDER_VARIABLE } from './process-tree.ts';
import type { SecureGround } from './secure-ground.ts';
import { secureRedisCommand } from './secure-redis.ts';

const READY_TIMEOUT_MS = 10_000;
const GRACE_MS = 3000;
const PROBE_TIMEOUT_MS = 500;

export function redisSpec(
  folder: Pick<DataFolder, 'path' | 'logs' | 'inside'>,
  findBinary: () => Promise<string>,
  port: number,
  ground?: SecureGround,
): PartSpec {
  const cwd = folder.inside('redis');
  return {
    name: 'redis',
    command: async () => {
      await mkdir(cwd, { recursive: true });
      const args = ['--dir', cwd, '--save', '', '--appendonly', 'no', '--daemonize', 'no'];
      const env = { [FOLDER_VARIABLE]: folder.path };
      const file = await findBinary();
      if (ground !== undefined) {
        return { ...secureRedisCommand(ground, port, file, args), cwd, env };
      }
      const plaintext = ['--bind', '127.0.0.1', '--port', String(port)];
      return { file, args: [...plaintext, ...args], cwd, env };
    },
    isReady: () => answersPing(port, ground),
    readyTimeoutMs: READY_TIMEOUT_MS,
    stopSignal: 'SIGTERM',
    graceMs: GRACE_MS,
    logFile: newLogFile(folder.logs, 'redis'),
  };
}

/** One that lets in its own users only says so. */
function answersPing(port: number, ground: SecureGround | undefined): Promise<boolean> {
  return new Promise((resolve) => {
    const address = { host: '127.0.0.1', port, timeout: PROBE_TIMEOUT_MS };
    const isPlain = ground === undefined;
    const socket = isPlain
      ? connect(address)
      : connectTls({ ...address, ca: ground.authority.certificate });
    const settle = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once(isPlain ? 'connect' : 'secureConnect', () => socket.write('PING\r\n'));
    const expected = isPlain ? '+PONG' : '-NOAUTH';
    socket.once('data', (data: Buffer) => settle(data.toString('latin1').startsWith(expected)));
    socket.once('error', () => settle(false));
    socket.once('timeout', () => settle(false));
    socket.once('close', () => resolve(false));
  });
}
