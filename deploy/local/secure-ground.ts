/**
 * What a secure mesh shows and knows: an authority of its own, a certificate for each part and
 * service, a certificate and a token for the person who runs it, passwords, and the key-encryption
 * key of personal text. All of it is made here, in the data folder, readable by its owner alone.
 * The authority, the passwords and the key-encryption key stay as long as the folder; certificates
 * and tokens are made anew at each start.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { makeAuthority, openAuthority } from './certificate-authority.ts';
import type { Authority, CertificateNames } from './certificate-authority.ts';
import type { DataFolder } from './data-folder.ts';
import { writeSecret } from './secret-file.ts';
import { issueTokens, type TokenFiles } from './secure-tokens.ts';

const PASSWORD_BYTES = 18;
const KEY_BYTES = 32;
const HOLDERS = [
  'postgres',
  'redis',
  'kafka',
  'connect',
  'command',
  'query',
  'projector',
  'console',
  'operator',
] as const;
export type Holder = (typeof HOLDERS)[number];

const secretsSchema = z.object({
  /** Users of Kafka. */
  broker: z.string(),
  setup: z.string(),
  connect: z.string(),
  projector: z.string(),
  /** Users of Redis. */
  redis_command: z.string(),
  redis_query: z.string(),
  redis_projector: z.string(),
  /** Of Java's key files. */
  keystore: z.string(),
});
export type Secrets = z.infer<typeof secretsSchema>;

export type PairFiles = { readonly certFile: string; readonly keyFile: string };

export type SecureGround = {
  readonly caFile: string;
  readonly authority: Authority;
  readonly secrets: Secrets;
  readonly pairs: Readonly<Record<Holder, PairFiles>>;
  readonly tokens: TokenFiles;
  readonly kekFile: string;
  /** The path of a file beside them. */
  readonly inside: (name: string) => string;
};

export async function openSecureGround(folder: DataFolder): Promise<SecureGround> {
  const inside = (name: string): string => folder.inside('secure', name);
  mkdirSync(folder.inside('secure'), { recursive: true, mode: 0o700 });
  const authority = await authorityIn(inside);
  const made = await Promise.all(
    HOLDERS.map(async (holder): Promise<[Holder, PairFiles]> => {
      const { certificate, key } = await authority.issue(namesOf(holder));
      const files = { certFile: inside(`${holder}.pem`), keyFile: inside(`${holder}.key`) };
      writeSecret(files.certFile, certificate);
      writeSecret(files.keyFile, key);
      return [holder, files];
    }),
  );
  return {
    caFile: inside('ca.pem'),
    authority,
    secrets: readSecrets(inside('passwords.json')),
    kekFile: kekFileIn(inside),
    pairs: pairsOf(new Map(made)),
    tokens: await issueTokens(inside),
    inside,
  };
}

async function authorityIn(inside: SecureGround['inside']): Promise<Authority> {
  const [certFile, keyFile] = [inside('ca.pem'), inside('ca.key')];
  if (existsSync(certFile) && existsSync(keyFile)) {
    const [certificate, key] = [certFile, keyFile].map((file) => readFileSync(file, 'utf8'));
    return openAuthority({ certificate: certificate ?? '', key: key ?? '' });
  }
  const authority = await makeAuthority('bank local authority');
  writeSecret(keyFile, authority.key);
  writeSecret(certFile, authority.certificate);
  return authority;
}

/** One entry, as BANK_KEK_FILE has it. */
function kekFileIn(inside: SecureGround['inside']): string {
  const path = inside('key-encryption.key');
  const key = randomBytes(KEY_BYTES).toString('base64');
  if (!existsSync(path)) writeSecret(path, `local:${key}\n`);
  return path;
}

function namesOf(holder: Holder): CertificateNames {
  const uri = [`spiffe://bank.local/${holder}`];
  if (holder === 'operator') return { commonName: holder, uri };
  return { commonName: holder, uri, dns: ['localhost'], ip: ['127.0.0.1'] };
}

function pairsOf(made: ReadonlyMap<Holder, PairFiles>): Record<Holder, PairFiles> {
  const of = (holder: Holder): PairFiles => {
    const files = made.get(holder);
    if (files === undefined) throw new Error(`${holder} has no certificate`);
    return files;
  };
  return {
    postgres: of('postgres'),
    redis: of('redis'),
    kafka: of('kafka'),
    connect: of('connect'),
    command: of('command'),
    query: of('query'),
    projector: of('projector'),
    console: of('console'),
    operator: of('operator'),
  };
}

function readSecrets(path: string): Secrets {
  if (!existsSync(path)) {
    const newPassword = (): string => randomBytes(PASSWORD_BYTES).toString('base64url');
    const names = Object.keys(secretsSchema.shape);
    const made = Object.fromEntries(names.map((name) => [name, newPassword()]));
    writeSecret(path, `${JSON.stringify(made, undefined, 2)}\n`);
  }
  const stored: unknown = JSON.parse(readFileSync(path, 'utf8'));
  return secretsSchema.parse(stored);
}
