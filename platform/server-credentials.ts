/**
 * A listener's TLS for grpc-js: 1.3 only, and certificates that are read again when their files
 * change. A new certificate counts for new connections; those that are there, and their calls, go
 * on. What cannot be used is an error at the start; later the old one stays, with a line in the log
 * and a count. Files that are being replaced may not fit each other for a moment: only what is
 * still wrong at the next look is told.
 *
 * grpc-js' own reloading (its certificate provider) cannot be told a least version of TLS.
 */
import { createHash } from 'node:crypto';
import type { SecureServerOptions } from 'node:http2';
import type { SecureContextOptions } from 'node:tls';
import { ServerCredentials } from '@grpc/grpc-js';
import type { ListenerTls } from './listener-tls.ts';
import type { Logger } from './logger.ts';
import { counter, gauge } from './telemetry.ts';
import { checkTlsMaterial, readTlsFiles } from './tls-files.ts';
import type { TlsFacts, TlsMaterial } from './tls-files.ts';
import { TLS_VERSION_MIN } from './tls-version.ts';

export type LoadedCredentials = {
  readonly credentials: ServerCredentials;
  /** The files are looked at no more. */
  close(): void;
};

const HANDSHAKE_MS_MAX = 10_000;
const reloads = counter(
  'bank.tls.reloads',
  'Certificates that were read again, by outcome.',
  '{reload}',
  ['outcome'],
);
const expiry = gauge('bank.tls.certificate_expiry', 'When the certificate in use expires.', 's');

export async function loadCredentials(tls: ListenerTls, log: Logger): Promise<LoadedCredentials> {
  const first = await readTlsFiles(tls);
  noteExpiry(checkTlsMaterial(tls, first, new Date()));
  const credentials = new ReloadedCredentials(tls, first);
  const look = createLook(tls, first, credentials, log);
  const timer = setInterval(() => void look(), tls.reloadMs);
  timer.unref();
  return { credentials, close: () => clearInterval(timer) };
}

/** Never rejects. */
function createLook(
  tls: ListenerTls,
  first: TlsMaterial,
  credentials: ReloadedCredentials,
  log: Logger,
): () => Promise<void> {
  let inUse = digestOf(first);
  let wrong = '';
  let toldWrong = '';
  let isLooking = false;
  const take = async (): Promise<void> => {
    let digest = 'unread';
    try {
      const material = await readTlsFiles(tls);
      digest = digestOf(material);
      if (digest === inUse) {
        wrong = toldWrong = '';
        return;
      }
      const facts = checkTlsMaterial(tls, material, new Date());
      credentials.use(material);
      inUse = digest;
      wrong = toldWrong = '';
      noteExpiry(facts);
      reloads.add(1, { outcome: 'used' });
      const { fingerprint256, validTo } = facts;
      log.info('A new certificate is in use for new connections.', { fingerprint256, validTo });
    } catch (error) {
      const seenBefore = digest === wrong;
      wrong = digest;
      if (!seenBefore || digest === toldWrong) return;
      toldWrong = digest;
      reloads.add(1, { outcome: 'refused' });
      log.error('The new certificate cannot be used; the old one stays.', { err: error });
    }
  };
  return async () => {
    if (isLooking) return;
    isLooking = true;
    await take().finally(() => (isLooking = false));
  };
}

class ReloadedCredentials extends ServerCredentials {
  constructor(tls: ListenerTls, material: TlsMaterial) {
    const server: SecureServerOptions = {
      requestCert: tls.clientCaFile !== undefined,
      // Where a certificate is optional, a wrong one is refused by connection-guard.ts.
      rejectUnauthorized: tls.clientCaFile !== undefined && tls.clientCertificateRequired,
      handshakeTimeout: HANDSHAKE_MS_MAX,
    };
    super(server, contextOf(material));
  }

  use(material: TlsMaterial): void {
    this.updateSecureContextOptions(contextOf(material));
  }

  override _equals(other: ServerCredentials): boolean {
    return other === this;
  }
}

function contextOf({ cert, key, ca }: TlsMaterial): SecureContextOptions {
  return { cert, key, ca, minVersion: TLS_VERSION_MIN };
}

function digestOf({ cert, key, ca }: TlsMaterial): string {
  const hash = createHash('sha256');
  for (const part of [cert, key, ca ?? Buffer.alloc(0)]) hash.update(part).update('\0');
  return hash.digest('base64');
}

function noteExpiry({ validTo }: TlsFacts): void {
  expiry.set(Math.floor(validTo.getTime() / 1000));
}
