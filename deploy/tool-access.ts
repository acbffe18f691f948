/**
 * How the tools get into the bank, read from the environment: BANK_CLIENT_CA_FILE and, where the
 * bank asks for a certificate, BANK_CLIENT_CERT_FILE with BANK_CLIENT_KEY_FILE; BANK_CLIENT_TLS=on
 * where an authority that Node knows has signed; BANK_CLIENT_TOKEN_FILE for a token, read at each
 * call.
 */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { readClientTls, type BankAccess } from '#client/bank-access.ts';
import { parseEnv } from '#platform/config.ts';

const schema = z.object({
  BANK_CLIENT_TLS: z.enum(['on', 'off']).optional(),
  BANK_CLIENT_CA_FILE: z.string().optional(),
  BANK_CLIENT_CERT_FILE: z.string().optional(),
  BANK_CLIENT_KEY_FILE: z.string().optional(),
  BANK_CLIENT_TOKEN_FILE: z.string().optional(),
});

export function toolAccess(env: NodeJS.ProcessEnv = process.env): BankAccess {
  const settings = parseEnv(schema, env);
  const {
    BANK_CLIENT_CA_FILE: caFile,
    BANK_CLIENT_CERT_FILE: certFile,
    BANK_CLIENT_KEY_FILE: keyFile,
    BANK_CLIENT_TOKEN_FILE: tokenFile,
  } = settings;
  const isTls = settings.BANK_CLIENT_TLS === 'on' || caFile !== undefined;
  return {
    tls: isTls ? readClientTls({ caFile, certFile, keyFile }) : undefined,
    token: tokenFile === undefined ? undefined : () => readFileSync(tokenFile, 'utf8').trim(),
  };
}
