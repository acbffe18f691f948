/** The options that every command takes: which bank, how to get in, how answers are written. */
import { Option, type Command } from 'commander';
import { z } from 'zod';
import { timeoutArgument } from './argument-rules.ts';
import { OUTPUT_FORMATS } from './command-context.ts';

const OPTIONS = z.object({
  context: z.string().optional(),
  commandAddress: z.string().optional(),
  queryAddress: z.string().optional(),
  projectorAddress: z.string().optional(),
  tls: z.boolean().optional(),
  caFile: z.string().optional(),
  certFile: z.string().optional(),
  keyFile: z.string().optional(),
  token: z.string().optional(),
  tokenFile: z.string().optional(),
  output: z.enum(OUTPUT_FORMATS).optional(),
  timeout: z.number().optional(),
  verbose: z.boolean().optional(),
});

export type GlobalOptions = z.infer<typeof OPTIONS>;

export function addGlobalOptions(program: Command): void {
  program
    .option('--context <name>', 'the context of the config file (BANK_CONTEXT)')
    .option('--command-address <host:port>', 'where command-svc is (BANK_COMMAND_ADDRESS)')
    .option('--query-address <host:port>', 'where query-svc is (BANK_QUERY_ADDRESS)')
    .option('--projector-address <host:port>', 'where projector-svc is (BANK_PROJECTOR_ADDRESS)')
    .option('--tls', 'by TLS, with the authorities that Node knows (BANK_CLIENT_TLS=on)')
    .option('--no-tls', 'in plaintext, whatever the context says')
    .option('--ca-file <file>', 'by TLS, with this authority, PEM (BANK_CLIENT_CA_FILE)')
    .option('--cert-file <file>', 'with this certificate of yours, PEM (BANK_CLIENT_CERT_FILE)')
    .option('--key-file <file>', 'and its key, PEM (BANK_CLIENT_KEY_FILE)')
    .option('--token <token>', 'who calls; others on this machine can read a command line')
    .option('--token-file <file>', 'the same from a file (BANK_CLIENT_TOKEN_FILE)')
    .addOption(
      new Option('-o, --output <format>', 'how answers are written (BANK_OUTPUT)').choices([
        ...OUTPUT_FORMATS,
      ]),
    )
    .option('--timeout <time>', 'of one call, 10s if not given; streams have none', timeoutArgument)
    .option('--verbose', 'on an error, tell its causes');
}

/** Those of a command, wherever they stood on its line. */
export function globalOptions(command: Command): GlobalOptions {
  return OPTIONS.parse(command.optsWithGlobals());
}
