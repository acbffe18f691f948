/**
 * What a server shows and whom it trusts, read from PEM files and checked as a whole: key and
 * certificate belong together, nothing has expired, the authorities are certificates. An error
 * names the variable and the file, and shows nothing of a key.
 */
import { X509Certificate, createPrivateKey, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { ConfigError } from './config.ts';
import { TLS_VERSION_MIN } from './tls-version.ts';

export type TlsFiles = {
  readonly certFile: string;
  readonly keyFile: string;
  /** Clients' certificates must be signed by one of these; undefined: none is asked for. */
  readonly clientCaFile: string | undefined;
};

export type TlsMaterial = {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca: Buffer | undefined;
};

export type TlsFacts = { readonly validTo: Date; readonly fingerprint256: string };

const VARIABLES = {
  certFile: 'BANK_TLS_CERT_FILE',
  keyFile: 'BANK_TLS_KEY_FILE',
  clientCaFile: 'BANK_TLS_CLIENT_CA_FILE',
} as const;
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

export async function readTlsFiles(files: TlsFiles): Promise<TlsMaterial> {
  const { clientCaFile } = files;
  const [cert, key, ca] = await Promise.all([
    readOne('certFile', files.certFile),
    readOne('keyFile', files.keyFile),
    clientCaFile === undefined ? undefined : readOne('clientCaFile', clientCaFile),
  ]);
  return { cert, key, ca };
}

async function readOne(file: keyof typeof VARIABLES, path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw problem(file, path, 'cannot be read', cause);
  }
}

/** Throws a ConfigError for what no connection could be made with. */
export function checkTlsMaterial(files: TlsFiles, material: TlsMaterial, now: Date): TlsFacts {
  const { certFile, keyFile, clientCaFile } = files;
  const [leaf] = certificatesOf('certFile', certFile, material.cert);
  if (leaf === undefined) throw problem('certFile', certFile, 'holds no certificate in PEM form');
  if (leaf.validToDate <= now) {
    throw problem('certFile', certFile, `expired at ${leaf.validToDate.toISOString()}`);
  }
  const key = privateKeyOf(keyFile, material.key);
  if (!leaf.checkPrivateKey(key)) {
    throw problem('keyFile', keyFile, `is not the key of the certificate in ${certFile}`);
  }
  if (material.ca !== undefined && clientCaFile !== undefined) {
    const authorities = certificatesOf('clientCaFile', clientCaFile, material.ca);
    if (authorities.length === 0) {
      throw problem('clientCaFile', clientCaFile, 'holds no certificate in PEM form');
    }
  }
  try {
    createSecureContext({ ...material, minVersion: TLS_VERSION_MIN });
  } catch (cause) {
    throw problem('certFile', certFile, 'cannot be used', cause);
  }
  return { validTo: leaf.validToDate, fingerprint256: leaf.fingerprint256 };
}

function certificatesOf(
  file: keyof typeof VARIABLES,
  path: string,
  pem: Buffer,
): X509Certificate[] {
  try {
    const blocks = pem.toString('latin1').match(CERTIFICATE) ?? [];
    return blocks.map((block) => new X509Certificate(block));
  } catch (cause) {
    throw problem(file, path, 'holds a certificate that cannot be read', cause);
  }
}

function privateKeyOf(path: string, pem: Buffer): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    // Without its cause: what a parser says of a key stays out of logs.
    throw problem('keyFile', path, 'holds no private key in PEM form, or one with a passphrase');
  }
}

function problem(
  file: keyof typeof VARIABLES,
  path: string,
  what: string,
  cause?: unknown,
): ConfigError {
  return new ConfigError(`${VARIABLES[file]}=${path}: ${what}`, { cause });
}
