/**
 * Where the bank is and how to get in: what the command line says counts before the environment,
 * that before the context, that before the local bank in plaintext. Promises: plaintext leaves this
 * machine only where BANK_PLAINTEXT=allowed says so, and a token never.
 */
import { parseAddress } from '#platform/config.ts';
import { isLoopback } from '#platform/loopback.ts';
import { z } from 'zod';
import { readClientTls, tokenOfFile, type BankAccess } from '../bank-access.ts';
import { channelTarget } from '../bank-client.ts';
import { CommandError, OUTPUT_FORMATS, type OutputFormat } from './command-context.ts';
import type { BankContextEntry, Config } from './config-file.ts';
import type { GlobalOptions } from './global-options.ts';

export const SERVICES = ['command', 'query', 'projector'] as const;
export type ServiceName = (typeof SERVICES)[number];
export type ServiceAddresses = Readonly<Record<ServiceName, readonly string[]>>;

export type ConnectionSettings = {
  /** The context that was used; undefined: none. */
  readonly context: string | undefined;
  readonly addresses: ServiceAddresses;
  readonly tls: boolean;
  readonly caFile: string | undefined;
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
  readonly token: string | undefined;
  readonly tokenFile: string | undefined;
  readonly output: OutputFormat;
};

const LOCAL: Readonly<Record<ServiceName, string>> = {
  command: 'localhost:50051',
  query: 'localhost:50052',
  projector: 'localhost:50053',
};

const ENV = z.object({
  BANK_CONTEXT: z.string().optional(),
  BANK_COMMAND_ADDRESS: z.string().optional(),
  BANK_QUERY_ADDRESS: z.string().optional(),
  BANK_PROJECTOR_ADDRESS: z.string().optional(),
  BANK_CLIENT_TLS: z.enum(['on', 'off'], 'must be on or off').optional(),
  BANK_CLIENT_CA_FILE: z.string().optional(),
  BANK_CLIENT_CERT_FILE: z.string().optional(),
  BANK_CLIENT_KEY_FILE: z.string().optional(),
  BANK_CLIENT_TOKEN: z.string().optional(),
  BANK_CLIENT_TOKEN_FILE: z.string().optional(),
  BANK_OUTPUT: z.enum(OUTPUT_FORMATS, `must be one of ${OUTPUT_FORMATS.join(', ')}`).optional(),
});

export function connectionSettings(
  flags: GlobalOptions,
  env: NodeJS.ProcessEnv,
  config: Config,
): ConnectionSettings {
  const said = readEnv(env);
  const context = flags.context ?? said.context ?? config.current;
  const layers = [entryOfFlags(flags), said.entry, contextOf(config, context)];
  const first = <K extends keyof BankContextEntry>(key: K): BankContextEntry[K] =>
    layers.find((layer) => layer[key] !== undefined)?.[key];
  const tokens = layers.find((layer) => (layer.token ?? layer['token-file']) !== undefined);
  const addresses = {
    command: addressList('command', first('command')),
    query: addressList('query', first('query')),
    projector: addressList('projector', first('projector')),
  };
  return {
    context,
    addresses,
    tls: usesTls(layers),
    caFile: first('ca-file'),
    certFile: first('cert-file'),
    keyFile: first('key-file'),
    token: tokens?.token,
    tokenFile: tokens?.token === undefined ? tokens?.['token-file'] : undefined,
    output: first('output') ?? 'table',
  };
}

/** Reads the files. */
export function bankAccess(settings: ConnectionSettings, env: NodeJS.ProcessEnv): BankAccess {
  const { addresses, tls, caFile, certFile, keyFile, token, tokenFile } = settings;
  const far = Object.values(addresses).flat().find(isFar);
  if (!tls && far !== undefined && env.BANK_PLAINTEXT !== 'allowed') {
    throw new CommandError(
      `${far} is another machine, and would be asked in plaintext: give --tls or --ca-file, ` +
        'or set BANK_PLAINTEXT=allowed where something else encrypts.',
    );
  }
  try {
    const ofFile = tokenFile === undefined ? undefined : tokenOfFile(tokenFile);
    ofFile?.(); // read once before the first call, so that a wrong path is told here
    return {
      tls: tls ? readClientTls({ caFile, certFile, keyFile }) : undefined,
      token: token === undefined ? ofFile : () => token,
    };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CommandError(`A file of TLS or of the token: ${why}`, undefined, error);
  }
}

function isFar(address: string): boolean {
  return !isLoopback(address.slice(0, address.lastIndexOf(':')));
}

/** The layer that says anything of TLS decides: a file of one is a word for it. */
function usesTls(layers: readonly BankContextEntry[]): boolean {
  for (const layer of layers) {
    if (layer.tls !== undefined) return layer.tls;
    if ((layer['ca-file'] ?? layer['cert-file']) !== undefined) return true;
  }
  return false;
}

function addressList(service: ServiceName, text: string = LOCAL[service]): string[] {
  const addresses = text.split(',').map((one) => one.trim());
  const wrong = addresses.find((address) => parseAddress(address) === undefined);
  if (wrong !== undefined) {
    throw new CommandError(`--${service}-address: "${wrong}" must be host:port.`);
  }
  try {
    channelTarget(addresses);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CommandError(`--${service}-address: ${why}`, undefined, error);
  }
  return addresses;
}

function contextOf({ contexts }: Config, name: string | undefined): BankContextEntry {
  if (name === undefined) return {};
  const found = Object.hasOwn(contexts, name) ? contexts[name] : undefined;
  if (found !== undefined) return found;
  const known = Object.keys(contexts).join(', ') || 'none';
  throw new CommandError(
    `There is no context "${name}" (there are: ${known}). ` +
      `\`bank context set ${name} ...\` makes it.`,
  );
}

function readEnv(env: NodeJS.ProcessEnv): { context?: string; entry: BankContextEntry } {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = ENV.safeParse(given);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new CommandError(`${issue?.path.join('.')} ${issue?.message}.`);
  }
  const { BANK_CONTEXT, BANK_CLIENT_TLS, ...said } = parsed.data;
  return {
    ...(BANK_CONTEXT === undefined ? {} : { context: BANK_CONTEXT }),
    entry: {
      command: said.BANK_COMMAND_ADDRESS,
      query: said.BANK_QUERY_ADDRESS,
      projector: said.BANK_PROJECTOR_ADDRESS,
      tls: BANK_CLIENT_TLS === undefined ? undefined : BANK_CLIENT_TLS === 'on',
      'ca-file': said.BANK_CLIENT_CA_FILE,
      'cert-file': said.BANK_CLIENT_CERT_FILE,
      'key-file': said.BANK_CLIENT_KEY_FILE,
      token: said.BANK_CLIENT_TOKEN,
      'token-file': said.BANK_CLIENT_TOKEN_FILE,
      output: said.BANK_OUTPUT,
    },
  };
}

/** What the command line says, in the form of a context. */
export function entryOfFlags(flags: GlobalOptions): BankContextEntry {
  return {
    command: flags.commandAddress,
    query: flags.queryAddress,
    projector: flags.projectorAddress,
    tls: flags.tls,
    'ca-file': flags.caFile,
    'cert-file': flags.certFile,
    'key-file': flags.keyFile,
    token: flags.token,
    'token-file': flags.tokenFile,
    output: flags.output,
  };
}
