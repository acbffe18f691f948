/**
 * How PostgreSQL is reached, by its URL. TLS as libpq's URLs have it:
 * `?sslmode=verify-full&sslrootcert=/etc/bank/ca.pem`, and `sslcert`, `sslkey` for a certificate of
 * our own. Of the modes there are two, `disable` (the default) and `verify-full`: those between
 * encrypt, and do not look at who answers.
 */
import type { ClientConfig } from 'pg';
import { takeTlsFiles } from './address-url.ts';
import { ConfigError } from './config.ts';

export type PostgresConnection = Pick<ClientConfig, 'connectionString' | 'ssl'>;

const FILES = { ca: 'sslrootcert', cert: 'sslcert', key: 'sslkey' } as const;
const TLS_MODE = 'verify-full';

/** For the options of a pg.Client or a pg.Pool. */
export function postgresConnection(text: string): PostgresConnection {
  if (!text.includes('?')) return { connectionString: text, ssl: false };
  const url = new URL(text);
  const mode = url.searchParams.get('sslmode') ?? 'disable';
  url.searchParams.delete('sslmode');
  if (mode === TLS_MODE) {
    const ssl = takeTlsFiles(url, FILES);
    return { connectionString: url.href, ssl };
  }
  if (mode === 'disable') return { connectionString: url.href, ssl: false };
  const message = `sslmode=${mode} does not check who answers: it must be verify-full, or disable`;
  throw new ConfigError(message);
}
