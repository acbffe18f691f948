/**
 * Who a client certificate is, by a file: `{"identities": {"spiffe://bank.example/payroll":
 * {"subject": "payroll", "tenant": "acme", "scopes": ["accounts.write"]}}}`. A name of the
 * certificate (URI, else DNS name) that the file has says it. The file is read again when it has
 * changed; one that cannot be read then leaves what was read before. At the start it is an error.
 */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Identity } from './caller.ts';
import { ConfigError } from './config.ts';
import { IDENTITY_FIELDS } from './identity-fields.ts';
import type { Logger } from './logger.ts';
import type { PeerIdentity } from './peer-certificate.ts';

export type PeerIdentities = {
  /** undefined: the file has none of its names. */
  find(peer: PeerIdentity): Identity | undefined;
  close(): void;
};

const LOOK_EVERY_MS = 1_000;
const IDENTITIES_MAX = 10_000;

const ENTRY = z.strictObject({ ...IDENTITY_FIELDS, subject: IDENTITY_FIELDS.subject.optional() });
const FILE = z.strictObject({
  identities: z
    .record(z.string(), ENTRY)
    .refine((all) => Object.keys(all).length <= IDENTITIES_MAX, `at most ${IDENTITIES_MAX}`),
});
type Named = ReadonlyMap<string, Identity>;

export async function openPeerIdentities(path: string, log: Logger): Promise<PeerIdentities> {
  let text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new ConfigError(`BANK_AUTH_IDENTITIES=${path}: cannot be read`, { cause });
  });
  let named = namedIn(text, path);
  let isWrong = false;
  const look = async (): Promise<void> => {
    try {
      const next = await readFile(path, 'utf8');
      if (next === text) {
        isWrong = false; // put back as it was
        return;
      }
      named = namedIn(next, path);
      text = next;
      isWrong = false;
      log.info('Who client certificates are was read anew.', { identities: named.size });
    } catch (err) {
      if (!isWrong) log.error('Who client certificates are cannot be read anew.', { err });
      isWrong = true;
    }
  };
  const timer = setInterval(() => void look(), LOOK_EVERY_MS);
  timer.unref();
  return {
    find({ uris, dnsNames }) {
      for (const name of [...uris, ...dnsNames]) {
        const identity = named.get(name);
        if (identity !== undefined) return identity;
      }
      return undefined;
    },
    close: () => clearInterval(timer),
  };
}

function namedIn(text: string, path: string): Named {
  const parsed = FILE.safeParse(jsonOf(text, path));
  if (!parsed.success) {
    const [first] = parsed.error.issues;
    const where = first === undefined ? '' : `${first.path.join('.')}: ${first.message}`;
    throw new ConfigError(`BANK_AUTH_IDENTITIES=${path}: ${where}`);
  }
  return new Map(
    Object.entries(parsed.data.identities).map(([name, { subject, tenant, owner, scopes }]) => [
      name,
      {
        subject: subject ?? name,
        tenant,
        owner,
        scopes: new Set(scopes),
        expiresAtMs: undefined,
      },
    ]),
  );
}

function jsonOf(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ConfigError(`BANK_AUTH_IDENTITIES=${path}: it is no JSON`, { cause });
  }
}
