/**
 * How a service's listener is secured, read from the environment. Without a certificate it is
 * plaintext, for this machine only (plaintext.ts). With BANK_TLS_CLIENT_CA_FILE it is mTLS: a
 * client shows a certificate of one of these authorities, or, where BANK_TLS_CLIENT_CERTIFICATE is
 * `optional`, may show none (and then has to say by a token who it is).
 */
import { z } from 'zod';
import { envInt, type Address } from './config.ts';
import type { PlaintextWay } from './plaintext.ts';
import type { TlsFiles } from './tls-files.ts';

export type ListenerTls = TlsFiles & {
  /** False: a client may come without one; a wrong one is refused all the same. */
  readonly clientCertificateRequired: boolean;
  /** The files are looked at so often. */
  readonly reloadMs: number;
};

export const LISTENER_TLS_ENV = {
  BANK_TLS_CERT_FILE: z.string().optional(),
  BANK_TLS_KEY_FILE: z.string().optional(),
  BANK_TLS_CLIENT_CA_FILE: z.string().optional(),
  BANK_TLS_CLIENT_CERTIFICATE: z.enum(['required', 'optional']).optional(),
  BANK_TLS_RELOAD_MS: envInt({ min: 50, max: 3_600_000, default: 10_000 }),
};

type ListenerTlsEnv = z.infer<z.ZodObject<typeof LISTENER_TLS_ENV>>;

/** undefined: plaintext. Half a setting is a problem of the one that is missing. */
export function listenerTls(
  env: ListenerTlsEnv,
  ctx: Pick<z.RefinementCtx, 'addIssue'>,
): ListenerTls | undefined {
  const { BANK_TLS_CERT_FILE: certFile, BANK_TLS_KEY_FILE: keyFile } = env;
  const clientCaFile = env.BANK_TLS_CLIENT_CA_FILE;
  const missing = (variable: string, beside: string): undefined => {
    const message = `must be set where ${beside} is`;
    ctx.addIssue({ code: 'custom', path: [variable], message });
  };
  const asked = env.BANK_TLS_CLIENT_CERTIFICATE;
  if (asked !== undefined && clientCaFile === undefined) {
    return missing('BANK_TLS_CLIENT_CA_FILE', 'BANK_TLS_CLIENT_CERTIFICATE');
  }
  if (certFile !== undefined && keyFile !== undefined) {
    const clientCertificateRequired = asked !== 'optional';
    const reloadMs = env.BANK_TLS_RELOAD_MS;
    return { certFile, keyFile, clientCaFile, clientCertificateRequired, reloadMs };
  }
  if (certFile !== undefined) return missing('BANK_TLS_KEY_FILE', 'BANK_TLS_CERT_FILE');
  if (keyFile !== undefined) return missing('BANK_TLS_CERT_FILE', 'BANK_TLS_KEY_FILE');
  if (clientCaFile !== undefined) return missing('BANK_TLS_CERT_FILE', 'BANK_TLS_CLIENT_CA_FILE');
  return undefined;
}

export function listenerPlaintext(
  variable: string,
  { host }: Address,
  tls: ListenerTls | undefined,
): PlaintextWay {
  const remedy = 'set BANK_TLS_CERT_FILE and BANK_TLS_KEY_FILE';
  return { variable, hosts: tls === undefined ? [host] : [], remedy };
}
