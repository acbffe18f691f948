/**
 * A listener's TLS for grpc-js: 1.3 only, and certificates that are read again when their files
 * change (followed-tls-files.ts). A new certificate counts for new connections; those that are
 * there, and their calls, go on.
 *
 * grpc-js' own reloading (its certificate provider) cannot be told a least version of TLS.
 */
import type { SecureServerOptions } from 'node:http2';
import { ServerCredentials } from '@grpc/grpc-js';
import { followTlsFiles, tlsContext } from './followed-tls-files.ts';
import type { ListenerTls } from './listener-tls.ts';
import type { Logger } from './logger.ts';
import type { TlsMaterial } from './tls-files.ts';

export type LoadedCredentials = {
  readonly credentials: ServerCredentials;
  /** The files are looked at no more. */
  close(): void;
};

const HANDSHAKE_MS_MAX = 10_000;

export async function loadCredentials(tls: ListenerTls, log: Logger): Promise<LoadedCredentials> {
  const files = await followTlsFiles(tls, log);
  const credentials = new ReloadedCredentials(tls, files.first);
  files.onChange((material) => credentials.use(material));
  return { credentials, close: files.close };
}

class ReloadedCredentials extends ServerCredentials {
  constructor(tls: ListenerTls, material: TlsMaterial) {
    const server: SecureServerOptions = {
      requestCert: tls.clientCaFile !== undefined,
      // Where a certificate is optional, a wrong one is refused by connection-guard.ts.
      rejectUnauthorized: tls.clientCaFile !== undefined && tls.clientCertificateRequired,
      handshakeTimeout: HANDSHAKE_MS_MAX,
    };
    super(server, tlsContext(material));
  }

  use(material: TlsMaterial): void {
    this.updateSecureContextOptions(tlsContext(material));
  }

  override _equals(other: ServerCredentials): boolean {
    return other === this;
  }
}
