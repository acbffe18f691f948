/**
 * How PostgreSQL is reached, by its URL. TLS as libpq's URLs have it:
 * `?sslmode=verify-full&sslrootcert=/etc/bank/ca.pem`, and `sslcert`, `sslkey` for a certificate of
 * our own. Of the modes there are two, `disable` (the default) and `verify-full`: those between
 * encrypt, and do not look at who answers. What the client would take from the query against that
 * (another host, TLS as it likes) is refused.
 */
import pg, { type ClientConfig } from 'pg';
import { takeTlsFiles } from './address-url.ts';
import { ConfigError } from './config.ts';

export type PostgresConnection = Pick<ClientConfig, 'connectionString' | 'ssl'>;

const FILES = { ca: 'sslrootcert', cert: 'sslcert', key: 'sslkey' } as const;
const TLS_MODE = 'verify-full';

/** For the options of a pg.Client or a pg.Pool. */
export function postgresConnection(text: string): PostgresConnection {
  if (!text.includes('?')) return { connectionString: text, ssl: false };
  const url = new URL(text);
  refuseOverrides(url);
  const mode = url.searchParams.get('sslmode') ?? 'disable';
  url.searchParams.delete('sslmode');
  if (mode === TLS_MODE) {
    const ssl = takeTlsFiles(url, FILES);
    return { connectionString: url.href, ssl };
  }
  if (mode === 'disable') {
    refuseFiles(url);
    return { connectionString: url.href, ssl: false };
  }
  const message = `sslmode=${mode} does not check who answers: it must be verify-full, or disable`;
  throw new ConfigError(message);
}

/** The client lets the query win: over the host that was looked at, and over the TLS beside it. */
function refuseOverrides({ searchParams }: URL): void {
  if (searchParams.has('ssl')) {
    throw new ConfigError('ssl in its query is not taken: TLS is sslmode=verify-full');
  }
  // A socket in the file system has no other place in a URL.
  if (searchParams.getAll('host').some((host) => !host.startsWith('/'))) {
    throw new ConfigError('host in its query is not taken: it stands before the path');
  }
}

/** With one of them the client would speak TLS, of whatever version. */
function refuseFiles({ searchParams }: URL): void {
  const file = Object.values(FILES).find((name) => searchParams.has(name));
  if (file !== undefined) throw new ConfigError(`${file} needs sslmode=verify-full`);
}

/** Where pg connects to: the query and the environment may name another host than the URL does. */
export function postgresHost(connection: PostgresConnection): string {
  return new pg.Client(connection).host;
}
