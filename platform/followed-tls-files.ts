/**
 * A listener's PEM files, read again when they change. What cannot be used is an error at the
 * start; later the old certificate stays, with a line in the log and a count. Files that are being
 * replaced may not fit each other for a moment: only what is still wrong at the next look is told.
 */
import { createHash } from 'node:crypto';
import type { SecureContextOptions } from 'node:tls';
import type { ListenerTls } from './listener-tls.ts';
import type { Logger } from './logger.ts';
import { counter, gauge } from './telemetry.ts';
import { checkTlsMaterial, readTlsFiles } from './tls-files.ts';
import type { TlsFacts, TlsMaterial } from './tls-files.ts';
import { TLS_VERSION_MIN } from './tls-version.ts';

export type FollowedTlsFiles = {
  readonly first: TlsMaterial;
  /** Called with each later content that can be used; set once, in the tick of the answer. */
  onChange(use: (material: TlsMaterial) => void): void;
  /** The files are looked at no more. */
  close(): void;
};

const reloads = counter(
  'bank.tls.reloads',
  'Certificates that were read again, by outcome.',
  '{reload}',
  ['outcome'],
);
const expiry = gauge('bank.tls.certificate_expiry', 'When the certificate in use expires.', 's');

export async function followTlsFiles(tls: ListenerTls, log: Logger): Promise<FollowedTlsFiles> {
  const first = await readTlsFiles(tls);
  noteExpiry(checkTlsMaterial(tls, first, new Date()));
  let use: (material: TlsMaterial) => void = () => undefined;
  const look = createLook(tls, first, (material) => use(material), log);
  const timer = setInterval(() => void look(), tls.reloadMs);
  timer.unref();
  return {
    first,
    onChange: (changed) => (use = changed),
    close: () => clearInterval(timer),
  };
}

export function tlsContext({ cert, key, ca }: TlsMaterial): SecureContextOptions {
  return { cert, key, ca, minVersion: TLS_VERSION_MIN };
}

/** Never rejects. */
function createLook(
  tls: ListenerTls,
  first: TlsMaterial,
  use: (material: TlsMaterial) => void,
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
      use(material);
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

function digestOf({ cert, key, ca }: TlsMaterial): string {
  const hash = createHash('sha256');
  for (const part of [cert, key, ca ?? Buffer.alloc(0)]) hash.update(part).update('\0');
  return hash.digest('base64');
}

function noteExpiry({ validTo }: TlsFacts): void {
  expiry.set(Math.floor(validTo.getTime() / 1000));
}
