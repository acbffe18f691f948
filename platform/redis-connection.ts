/**
 * How Redis is reached, by its URL: `redis:` in plaintext, `rediss:` by TLS, with name and password
 * before the host, and `ca_file`, `cert_file`, `key_file` in its query. What the client would take
 * from the query against that is refused.
 */
import { isIP } from 'node:net';
import type { RedisOptions } from 'ioredis';
import { takeTlsFiles } from './address-url.ts';
import { ConfigError } from './config.ts';

export type RedisConnection = { readonly url: string; readonly tls: Pick<RedisOptions, 'tls'> };

/** The client reads each option from the query, too: a host that nobody has looked at, TLS. */
const NOT_IN_QUERY = ['host', 'tls'];

export function redisConnection(text: string): RedisConnection {
  const { searchParams } = new URL(text);
  const option = NOT_IN_QUERY.find((name) => searchParams.has(name));
  if (option !== undefined) throw new ConfigError(`${option} in its query is not taken`);
  if (!text.startsWith('rediss:')) return { url: text, tls: {} };
  const url = new URL(text);
  const tls = takeTlsFiles(url);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  if (isIP(host) === 0) tls.servername = host; // ioredis names no server by itself
  return { url: url.href, tls: { tls } };
}
