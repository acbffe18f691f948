/**
 * A certificate authority for one machine's own bank, and for tests: it signs what the parts and
 * the services of a secure mesh show each other. Nothing here is for a server of one's own: there
 * the bank's own authority signs. Keys are RSA, which Java and PKCS#12 files take everywhere.
 */
import { X509Certificate, generateKeyPair, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import forge from 'node-forge';

const KEY_BITS = 2048;
const DAY_MS = 24 * 3_600_000;
const AUTHORITY_DAYS = 3650;
const DAYS_DEFAULT = 90;
/** Clocks of other machines may be behind. */
const BACKDATED_MS = 3_600_000;
const SERIAL_BYTES = 16;
const NAME_TYPES = { uri: 6, dns: 2, ip: 7 } as const;

/** Both as PEM; the key as PKCS#8. */
export type KeyPair = { readonly certificate: string; readonly key: string };

export type CertificateNames = {
  readonly commonName: string;
  readonly dns?: readonly string[];
  readonly ip?: readonly string[];
  readonly uri?: readonly string[];
};

export type Authority = KeyPair & {
  /** For servers and clients alike. */
  issue(names: CertificateNames, days?: number): Promise<KeyPair>;
};

export async function makeAuthority(commonName: string): Promise<Authority> {
  const pair = await newKeys();
  const certificate = sign(pair.publicKey, pair.privateKey, {
    subject: commonName,
    issuer: commonName,
    days: AUTHORITY_DAYS,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
      { name: 'subjectKeyIdentifier' },
    ],
  });
  return openAuthority({ certificate, key: pair.privateKey });
}

/** One that was made before. */
export function openAuthority(pair: KeyPair): Authority {
  const issuer = new X509Certificate(pair.certificate).subject.replace(/^CN=/, '');
  return {
    ...pair,
    issue: async (names, days = DAYS_DEFAULT) => {
      const { publicKey, privateKey } = await newKeys();
      const altNames = [
        ...(names.dns ?? []).map((value) => ({ type: NAME_TYPES.dns, value })),
        ...(names.uri ?? []).map((value) => ({ type: NAME_TYPES.uri, value })),
        ...(names.ip ?? []).map((ip) => ({ type: NAME_TYPES.ip, ip })),
      ];
      const certificate = sign(publicKey, pair.key, {
        subject: names.commonName,
        issuer,
        days,
        extensions: [
          { name: 'basicConstraints', cA: false },
          { name: 'keyUsage', digitalSignature: true, keyEncipherment: true, critical: true },
          { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
          ...(altNames.length === 0 ? [] : [{ name: 'subjectAltName', altNames }]),
        ],
      });
      return { certificate, key: privateKey };
    },
  };
}

/** Until when it is valid. */
export function validUntil(certificate: string): Date {
  return new X509Certificate(certificate).validToDate;
}

/** Key and certificate as a PKCS#12 file, for Java. */
export function pkcs12(pair: KeyPair, authority: string, password: string): Buffer {
  const chain = [pair.certificate, authority].map((pem) => forge.pki.certificateFromPem(pem));
  const key = forge.pki.privateKeyFromPem(pair.key);
  const file = forge.pkcs12.toPkcs12Asn1(key, chain, password, { algorithm: 'aes256' });
  return Buffer.from(forge.asn1.toDer(file).getBytes(), 'binary');
}

type Signed = { subject: string; issuer: string; days: number; extensions: object[] };

function sign(publicKey: string, signer: string, signed: Signed): string {
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.publicKeyFromPem(publicKey);
  // Positive, and not empty at its front: the first byte is neither 0 nor above 127.
  certificate.serialNumber = `5${randomBytes(SERIAL_BYTES).toString('hex').slice(1)}`;
  const nowMs = Date.now();
  certificate.validity.notBefore = new Date(nowMs - BACKDATED_MS);
  certificate.validity.notAfter = new Date(nowMs + signed.days * DAY_MS);
  certificate.setSubject([{ name: 'commonName', value: signed.subject }]);
  certificate.setIssuer([{ name: 'commonName', value: signed.issuer }]);
  certificate.setExtensions(signed.extensions);
  certificate.sign(forge.pki.privateKeyFromPem(signer), forge.md.sha256.create());
  return forge.pki.certificateToPem(certificate).replaceAll('\r\n', '\n');
}

const generate = promisify(generateKeyPair);

function newKeys(): Promise<{ publicKey: string; privateKey: string }> {
  return generate('rsa', {
    modulusLength: KEY_BITS,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
}
