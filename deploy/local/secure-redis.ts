/**
 * Redis of a secure mesh: a user for each service, who reaches the bank's keys and channels and no
 * command that looks after the server; nobody else gets in. The Valkey that a wheel brings was
 * built without TLS, so it listens on a socket in its folder alone, and tls-front.ts before it.
 */
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { Service } from './services.ts';
import { writeSecret } from './secret-file.ts';
import type { SecureGround } from './secure-ground.ts';

const FRONT = fileURLToPath(new URL('tls-front.ts', import.meta.url));
/** Within its folder: a whole path may be too long for a socket. */
const SOCKET = 'redis.sock';
const RIGHTS = '~bank:* &bank:* +@all -@admin -@dangerous +info';

/** How it is run; `binary` with the arguments that it gets in plaintext, too. */
export function secureRedisCommand(
  ground: SecureGround,
  port: number,
  binary: string,
  args: readonly string[],
): { file: string; args: string[] } {
  const aclFile = ground.inside('redis.acl');
  writeSecret(aclFile, aclOf(ground));
  const { certFile, keyFile } = ground.pairs.redis;
  const front = [FRONT, '127.0.0.1', String(port), certFile, keyFile, SOCKET, '--'];
  const server = [binary, ...args, '--port', '0', '--unixsocket', SOCKET, '--aclfile', aclFile];
  return { file: process.execPath, args: [...front, ...server] };
}

export function redisUser(service: Service): string {
  return `bank_${service}`;
}

export function secureRedisUrl(ground: SecureGround, port: number, service: Service): string {
  const password = ground.secrets[`redis_${service}`];
  const file = encodeURIComponent(ground.caFile);
  return `rediss://${redisUser(service)}:${password}@127.0.0.1:${port}?ca_file=${file}`;
}

function aclOf({ secrets }: SecureGround): string {
  const user = (service: Service): string => {
    const hash = createHash('sha256').update(secrets[`redis_${service}`]).digest('hex');
    return `user ${redisUser(service)} on #${hash} ${RIGHTS}`;
  };
  return ['user default off', user('command'), user('query'), user('projector'), ''].join('\n');
}
