/**
 * How a client gets into a bank: by TLS 1.3, where the bank asks for it with a certificate of its
 * own, and with a token that says who calls. The server's name is checked against its certificate.
 * A certificate that is renewed counts for clients that are made after it; a token is asked for
 * anew at each call. No token leaves this machine in plaintext.
 */
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { credentials as grpcCredentials, InterceptingCall } from '@grpc/grpc-js';
import type { ChannelCredentials, Interceptor } from '@grpc/grpc-js';
import { isLoopback } from '#platform/loopback.ts';
import { TLS_VERSION_MIN } from '#platform/tls-version.ts';

const TOKEN_AGE_MAX_MS = 1_000;

/** PEM, each. */
export type ClientTls = {
  /** Default: the authorities that Node knows. */
  readonly ca?: string | Buffer | undefined;
  /** With its chain; `key` belongs to it. */
  readonly cert?: string | Buffer | undefined;
  readonly key?: string | Buffer | undefined;
};

export type BankAccess = {
  /** Default: plaintext. */
  readonly tls?: ClientTls | undefined;
  /** Answers the bearer token of the next call. */
  readonly token?: (() => string) | undefined;
};

export type ChannelAccess = { credentials: ChannelCredentials; interceptors: Interceptor[] };

/** What each client of the contract is made with. */
export function channelAccess(addresses: readonly string[], access: BankAccess): ChannelAccess {
  const { tls, token } = access;
  const far = addresses.find((address) => !isLoopback(address.slice(0, address.lastIndexOf(':'))));
  if (tls === undefined && token !== undefined && far !== undefined) {
    throw new Error(`a token goes to ${far} by TLS only`);
  }
  return {
    credentials: tls === undefined ? grpcCredentials.createInsecure() : tlsCredentials(tls),
    interceptors: token === undefined ? [] : [withToken(token)],
  };
}

export function tlsCredentials({ ca, cert, key }: ClientTls): ChannelCredentials {
  if ((cert === undefined) !== (key === undefined)) {
    throw new Error('a client certificate and its key are given together');
  }
  const context = createSecureContext({ ca, cert, key, minVersion: TLS_VERSION_MIN });
  return grpcCredentials.createFromSecureContext(context);
}

export type ClientTlsFiles = {
  readonly caFile?: string | undefined;
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
};

/** The same with a token in a file, which is read again when a second has passed. */
export type AccessFiles = ClientTlsFiles & { readonly tokenFile?: string | undefined };

/** undefined: in plaintext, and as nobody. */
export function readAccess(files: AccessFiles | undefined): BankAccess {
  if (files === undefined) return {};
  const { tokenFile, ...tls } = files;
  return {
    tls: readClientTls(tls),
    token: tokenFile === undefined ? undefined : tokenOfFile(tokenFile),
  };
}

export function tokenOfFile(path: string): () => string {
  let read = { token: '', atMs: Number.NEGATIVE_INFINITY };
  return () => {
    const atMs = performance.now();
    if (atMs - read.atMs > TOKEN_AGE_MAX_MS) {
      read = { token: readFileSync(path, 'utf8').trim(), atMs };
    }
    return read.token;
  };
}

export function readClientTls({ caFile, certFile, keyFile }: ClientTlsFiles): ClientTls {
  const read = (file: string | undefined): Buffer | undefined =>
    file === undefined ? undefined : readFileSync(file);
  return { ca: read(caFile), cert: read(certFile), key: read(keyFile) };
}

function withToken(token: () => string): Interceptor {
  return (options, nextCall) =>
    new InterceptingCall(nextCall(options), {
      start(metadata, listener, next) {
        const own = metadata.clone();
        own.set('authorization', `Bearer ${token()}`);
        next(own, listener);
      },
    });
}
