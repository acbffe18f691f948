/**
 * How the tools get into the bank, read from the environment: BANK_CLIENT_CA_FILE and, where the
 * bank asks for a certificate, BANK_CLIENT_CERT_FILE with BANK_CLIENT_KEY_FILE; BANK_CLIENT_TLS=on
 * where an authority that Node knows has signed; BANK_CLIENT_TOKEN_FILE for a token, which may be
 * replaced meanwhile.
 */
import { z } from 'zod';
import { readClientTls, tokenOfFile, type BankAccess } from '#client/bank-access.ts';
import { parseEnv } from '#platform/config.ts';
import { PLAINTEXT_ENV, refusePlaintext } from '#platform/plaintext.ts';
import { hostOf, malformedText } from './address-option.ts';

const ENV = z.object({
  ...PLAINTEXT_ENV,
  BANK_CLIENT_TLS: z.enum(['on', 'off']).optional(),
  BANK_CLIENT_CA_FILE: z.string().optional(),
  BANK_CLIENT_CERT_FILE: z.string().optional(),
  BANK_CLIENT_KEY_FILE: z.string().optional(),
  BANK_CLIENT_TOKEN_FILE: z.string().optional(),
});

/** `addresses`: whom it is for; others than this machine's are reached by TLS. */
export function toolAccess(
  addresses: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): BankAccess {
  const named = addresses.map(hostOrError); // whatever the environment says
  const schema = ENV.transform((settings, ctx) => {
    const hosts = usesTls(settings) ? [] : named;
    const way = { variable: 'BANK_CLIENT_CA_FILE', hosts, remedy: 'set it' };
    refusePlaintext(settings, [way], ctx);
    return settings;
  });
  const settings = parseEnv(schema, env);
  const {
    BANK_CLIENT_CA_FILE: caFile,
    BANK_CLIENT_CERT_FILE: certFile,
    BANK_CLIENT_KEY_FILE: keyFile,
    BANK_CLIENT_TOKEN_FILE: tokenFile,
  } = settings;
  return {
    tls: usesTls(settings) ? readClientTls({ caFile, certFile, keyFile }) : undefined,
    token: tokenFile === undefined ? undefined : tokenOfFile(tokenFile),
  };
}

function hostOrError(address: string): string {
  const host = hostOf(address);
  if (host === undefined) throw new Error(malformedText(address));
  return host;
}

function usesTls({ BANK_CLIENT_TLS, BANK_CLIENT_CA_FILE }: z.infer<typeof ENV>): boolean {
  return (
    BANK_CLIENT_TLS === 'on' || (BANK_CLIENT_TLS !== 'off' && BANK_CLIENT_CA_FILE !== undefined)
  );
}
