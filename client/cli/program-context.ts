/**
 * What a command gets from the program: the seam of command-context.ts, and besides what only the
 * program's own commands need. The bank is connected at the first call, and closed by the program.
 */
import type { Command } from 'commander';
import type { BankAccess } from '../bank-access.ts';
import { connectBank, type Bank } from '../connect-bank.ts';
import type { CallOptions } from '../unary-methods.ts';
import type { CommandContext } from './command-context.ts';
import { configPath, readableWarning, readConfig } from './config-file.ts';
import {
  bankAccess,
  connectionSettings,
  type ConnectionSettings,
  type ServiceAddresses,
} from './connection-settings.ts';
import { globalOptions } from './global-options.ts';

export type Surroundings = Pick<CommandContext, 'stdin' | 'stdout' | 'stderr' | 'signal'> & {
  readonly env: NodeJS.ProcessEnv;
};

export type BankContext = CommandContext & {
  readonly settings: ConnectionSettings;
  readonly access: () => BankAccess;
  /** For each unary call. */
  readonly calls: CallOptions;
  /** What was typed behind `bank`. */
  readonly commandLine: readonly string[];
  /** A line of progress, a warning, a note. */
  readonly say: (line: string) => void;
};

export type ContextOf = (command: Command) => BankContext;

export type ContextSource = {
  readonly contextOf: ContextOf;
  /** Those of the last context. */
  readonly addresses: () => ServiceAddresses | undefined;
  readonly close: () => void;
};

export function contextSource(
  commandLine: readonly string[],
  surroundings: Surroundings,
): ContextSource {
  const banks: Bank[] = [];
  let used: ServiceAddresses | undefined;
  const { env, ...streams } = surroundings;
  const contextOf: ContextOf = (command) => {
    const flags = globalOptions(command);
    const path = configPath(env);
    const config = readConfig(path);
    const settings = connectionSettings(flags, env, config);
    used = settings.addresses;
    const say = (line: string): void => void streams.stderr.write(`${line}\n`);
    const warning = readableWarning(path, config);
    if (warning !== undefined) say(warning);
    let bank: Bank | undefined;
    const access = (): BankAccess => bankAccess(settings, env);
    return {
      ...streams,
      settings,
      access,
      commandLine,
      say,
      output: settings.output,
      calls: {
        signal: streams.signal,
        ...(flags.timeout === undefined ? {} : { deadlineMs: flags.timeout }),
      },
      connect: () => {
        if (bank !== undefined) return bank;
        const { tls, token } = access();
        bank = connectBank({
          ...settings.addresses,
          ...(tls === undefined ? {} : { tls }),
          ...(token === undefined ? {} : { token }),
        });
        banks.push(bank);
        return bank;
      },
    };
  };
  return {
    contextOf,
    addresses: () => used,
    close: () => {
      for (const bank of banks) bank.close();
    },
  };
}
