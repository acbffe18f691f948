/** A TLS connection by hand to a listener that asks for a certificate, and what came of it. */
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import type { TlsGround } from './tls-ground.ts';

type Shown = Pick<TlsGround, 'client' | 'authority'>;

export type Handshake = {
  version: string;
  fingerprint256: string;
  session: Buffer | undefined;
  isResumed: boolean;
};

/** With the client's certificate; resolves when the server has let it in, by its first bytes. */
export function handshakeOf(
  address: string,
  { client, authority }: Shown,
  options: ConnectionOptions,
): Promise<Handshake> {
  const { certificate: cert, key } = client;
  const [host = '', port] = address.split(':');
  const ca = authority.certificate;
  return new Promise((resolve, reject) => {
    const more = { cert, key, ca, ALPNProtocols: ['h2'], ...options };
    const socket: TLSSocket = connect({ host, port: Number(port), ...more });
    let session: Buffer | undefined;
    socket.on('session', (ticket: Buffer) => (session = ticket));
    socket.once('data', () => {
      const { fingerprint256 } = socket.getPeerCertificate();
      const version = socket.getProtocol() ?? '';
      resolve({ version, fingerprint256, session, isResumed: socket.isSessionReused() });
      socket.destroy();
    });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('closed')));
  });
}

/** The version that was agreed on, or what was said instead. */
export async function shake(
  address: string,
  ground: Shown,
  options: ConnectionOptions,
): Promise<string> {
  return handshakeOf(address, ground, options).then(
    ({ version }) => version,
    (error: unknown) => String(error),
  );
}
