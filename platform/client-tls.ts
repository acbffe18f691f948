/**
 * TLS towards the parts that a service talks to, from PEM files: 1.3, the server's name checked
 * against its certificate. The options are made once and read for each connection: then the files
 * are read again, so that a renewed authority or certificate counts without a restart. A file that
 * cannot be read at the start is an error; later its last content stays.
 */
import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { ConfigError } from './config.ts';
import { TLS_VERSION_MIN } from './tls-version.ts';

export type ClientTlsFiles = {
  /** Default: the authorities that Node knows. */
  readonly caFile?: string | undefined;
  /** Shown to a server that asks for it; both or none. */
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
};

export type ClientTls = Pick<
  ConnectionOptions,
  'minVersion' | 'rejectUnauthorized' | 'ca' | 'cert' | 'key' | 'servername'
>;

export function clientTls({ caFile, certFile, keyFile }: ClientTlsFiles): ClientTls {
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw new ConfigError('a client certificate and its key must be given together');
  }
  const options: ClientTls = { minVersion: TLS_VERSION_MIN, rejectUnauthorized: true };
  if (caFile !== undefined) readEachTime(options, 'ca', caFile);
  if (certFile !== undefined) readEachTime(options, 'cert', certFile);
  if (keyFile !== undefined) readEachTime(options, 'key', keyFile);
  return options;
}

/** Clients copy the options for each connection: that reads the property, and so the file. */
function readEachTime(options: ClientTls, name: 'ca' | 'cert' | 'key', file: string): void {
  let last: Buffer;
  try {
    last = readFileSync(file);
  } catch (cause) {
    throw new ConfigError(`${file}: cannot be read`, { cause });
  }
  const get = (): Buffer => {
    try {
      last = readFileSync(file);
    } catch {
      // It is being replaced; an error here, in the midst of connecting, would end the process.
    }
    return last;
  };
  Object.defineProperty(options, name, { enumerable: true, configurable: true, get });
}
