/** What a listener shows to who connects now. */
import { connect } from 'node:tls';
import type { ClientTls } from '#client/bank-access.ts';

/** The fingerprint of the certificate. */
export function shownTo(address: string, tls: ClientTls): Promise<string> {
  const [host = '', port] = address.split(':');
  return new Promise((resolve, reject) => {
    const options = { ...tls, host, port: Number(port), ALPNProtocols: ['h2'] };
    const socket = connect(options, () => {
      resolve(socket.getPeerCertificate().fingerprint256);
      socket.destroy();
    });
    socket.once('error', reject);
  });
}
