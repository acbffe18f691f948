/**
 * How Redis is reached, by its URL: `redis:` in plaintext, `rediss:` by TLS, with name and password
 * before the host, and `ca_file`, `cert_file`, `key_file` in its query.
 */
import { isIP } from 'node:net';
import type { RedisOptions } from 'ioredis';
import { takeTlsFiles } from './address-url.ts';

export type RedisConnection = { readonly url: string; readonly tls: Pick<RedisOptions, 'tls'> };

export function redisConnection(text: string): RedisConnection {
  if (!text.startsWith('rediss:')) return { url: text, tls: {} };
  const url = new URL(text);
  const tls = takeTlsFiles(url);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  if (isIP(host) === 0) tls.servername = host; // ioredis names no server by itself
  return { url: url.href, tls: { tls } };
}
