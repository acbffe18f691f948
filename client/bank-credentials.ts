/**
 * How a client reaches a bank that speaks TLS: whom it trusts, and, where the bank asks for it, the
 * certificate that it shows; TLS 1.3 only. The server's name is checked against its certificate. A
 * certificate that is renewed counts for clients that are made after it.
 */
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { credentials, type ChannelCredentials } from '@grpc/grpc-js';
import { TLS_VERSION_MIN } from '#platform/tls-version.ts';

/** PEM, each. */
export type ClientTls = {
  /** Default: the authorities that Node knows. */
  readonly ca?: string | Buffer | undefined;
  /** With its chain; `key` belongs to it. */
  readonly cert?: string | Buffer | undefined;
  readonly key?: string | Buffer | undefined;
};

export type ClientTlsFiles = {
  readonly caFile?: string | undefined;
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
};

export function tlsCredentials({ ca, cert, key }: ClientTls): ChannelCredentials {
  if ((cert === undefined) !== (key === undefined)) {
    throw new Error('a client certificate and its key are given together');
  }
  const context = createSecureContext({ ca, cert, key, minVersion: TLS_VERSION_MIN });
  return credentials.createFromSecureContext(context);
}

export function readClientTls({ caFile, certFile, keyFile }: ClientTlsFiles): ClientTls {
  const read = (file: string | undefined): Buffer | undefined =>
    file === undefined ? undefined : readFileSync(file);
  return { ca: read(caFile), cert: read(certFile), key: read(keyFile) };
}
