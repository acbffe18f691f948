/**
 * Certificates for a listener under test: an authority, files that a server reads and a test
 * replaces, and clients' credentials. In a folder of its own, which close() removes.
 */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ChannelCredentials } from '@grpc/grpc-js';
import { tlsCredentials } from '#client/bank-access.ts';
import { makeAuthority } from '#deploy/local/certificate-authority.ts';
import type { Authority, KeyPair } from '#deploy/local/certificate-authority.ts';
import type { ListenerTls } from '#platform/listener-tls.ts';

export const RELOAD_MS = 50;
export const SERVER_NAMES = {
  commonName: 'server',
  dns: ['localhost'],
  ip: ['127.0.0.1'],
};
export const CLIENT_NAMES = {
  commonName: 'client',
  uri: ['spiffe://bank.test/payroll'],
  dns: ['payroll.bank.test'],
};

export type TlsGround = {
  readonly authority: Authority;
  readonly server: KeyPair;
  readonly client: KeyPair;
  readonly tls: ListenerTls;
  /** Each file is replaced at once, one after the other, as a rotation does it. */
  write(files: { pair?: KeyPair; ca?: string }): void;
  /** Shows the client's certificate and trusts the authority, unless told otherwise. */
  credentials(shown?: KeyPair | null, ca?: string): ChannelCredentials;
  close(): void;
};

export async function openTlsGround(more: Partial<ListenerTls> = {}): Promise<TlsGround> {
  const folder = mkdtempSync(join(tmpdir(), 'bank-tls-'));
  const authority = await makeAuthority('authority');
  const [server, client] = await Promise.all([
    authority.issue(SERVER_NAMES),
    authority.issue(CLIENT_NAMES),
  ]);
  const tls: ListenerTls = {
    certFile: join(folder, 'server.pem'),
    keyFile: join(folder, 'server.key'),
    clientCaFile: join(folder, 'ca.pem'),
    clientCertificateRequired: true,
    reloadMs: RELOAD_MS,
    ...more,
  };
  const write: TlsGround['write'] = ({ pair, ca }) => {
    const put = (path: string, text: string): void => {
      writeFileSync(`${path}.new`, text, { mode: 0o600 });
      renameSync(`${path}.new`, path);
    };
    if (pair !== undefined) {
      put(tls.certFile, pair.certificate);
      put(tls.keyFile, pair.key);
    }
    if (ca !== undefined) put(join(folder, 'ca.pem'), ca);
  };
  write({ pair: server, ca: authority.certificate });
  return {
    authority,
    server,
    client,
    tls,
    write,
    credentials: (shown = client, ca = authority.certificate) =>
      tlsCredentials({ ca, cert: shown?.certificate, key: shown?.key }),
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}
