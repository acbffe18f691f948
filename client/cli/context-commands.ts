/**
 * `bank context`: names for banks, each with where it is and how to get in. A context is set by the
 * same options that a command takes.
 */
import { resolve } from 'node:path';
import { InvalidArgumentError, type Command } from 'commander';
import { listWriter, writeAnswer, writeText, type Columns } from './answer-writer.ts';
import { textsArgument } from './argument-rules.ts';
import { CommandError } from './command-context.ts';
import {
  configPath,
  readConfig,
  writeConfig,
  type BankContextEntry,
  type Config,
} from './config-file.ts';
import {
  connectionSettings,
  entryOfFlags,
  type ConnectionSettings,
} from './connection-settings.ts';
import { globalOptions } from './global-options.ts';
import type { Surroundings } from './program-context.ts';

const FILES = ['ca-file', 'cert-file', 'key-file', 'token-file'] as const;
const HIDDEN = '(hidden)';

export function addContextCommands(program: Command, surroundings: Surroundings): void {
  const context = program.command('context').description('Names for banks, in a config file.');
  const path = configPath(surroundings.env);
  addList(context, path, surroundings);
  addUse(context, path, surroundings);
  addSet(context, path, surroundings);
  addShow(context, path, surroundings);
  addDelete(context, path, surroundings);
}

type Named = BankContextEntry & { readonly name: string; readonly isCurrent: boolean };

function addList(context: Command, path: string, surroundings: Surroundings): void {
  context
    .command('list')
    .description('Lists the contexts.')
    .addHelpText('after', '\nExample:\n  $ bank context list')
    .action(async (_: unknown, command: Command) => {
      const { current, contexts } = readConfig(path);
      const output = globalOptions(command).output ?? 'table';
      const named = Object.entries(contexts).map(([name, entry]): Named => ({
        ...entry,
        name,
        isCurrent: name === current,
      }));
      const writer = listWriter(
        { ...surroundings, output },
        CONTEXTS,
        ({ name, isCurrent, ...entry }) => ({ name, current: isCurrent, ...shownEntry(entry) }),
        (all) => ({ contexts: all }),
      );
      await writer.write(named);
      await writer.end();
    });
}

function addUse(context: Command, path: string, surroundings: Surroundings): void {
  context
    .command('use')
    .description('Makes a context the one that is used when none is named.')
    .argument('<name>', 'which')
    .addHelpText('after', '\nExample:\n  $ bank context use prod')
    .action(async (name: string, _: unknown, command: Command) => {
      const config = readConfig(path);
      known(config, name);
      writeConfig(path, { ...config, current: name });
      await writeText(outputOf(surroundings, command), `${name} is used from now on\n`);
    });
}

function addSet(context: Command, path: string, surroundings: Surroundings): void {
  context
    .command('set')
    .description('Makes a context, or changes one, by the options that every command takes.')
    .argument('<name>', 'which', nameArgument)
    .option('--unset <field>', 'forgets a field, as token; repeatable', textsArgument, [])
    .addHelpText(
      'after',
      '\nExample:\n  $ bank context set prod --command-address bank.example:50051 \\\n' +
        '      --query-address bank.example:50052 --projector-address bank.example:50053 \\\n' +
        '      --ca-file ca.pem --token-file ~/.bank-token',
    )
    .action(async (name: string, { unset }: { unset: string[] }, command: Command) => {
      const config = readConfig(path);
      const before = Object.hasOwn(config.contexts, name) ? config.contexts[name] : undefined;
      const given = compact(entryOfFlags(globalOptions(command)));
      const entry = { ...before, ...given, ...absoluteFiles(given) };
      const kept = Object.entries(entry).filter(([field]) => !unset.includes(field));
      const contexts = { ...config.contexts, [name]: Object.fromEntries(kept) };
      const changed: Config = { current: config.current ?? name, contexts };
      connectionSettings({ context: name }, {}, changed); // what cannot be used is not written
      writeConfig(path, changed);
      await writeText(outputOf(surroundings, command), `${name} is written to ${path}\n`);
    });
}

function addShow(context: Command, path: string, surroundings: Surroundings): void {
  context
    .command('show')
    .description('Shows what a command would use now: context, addresses, TLS, token.')
    .argument('[name]', 'of this context')
    .addHelpText('after', '\nExample:\n  $ bank context show')
    .action(async (name: string | undefined, _: unknown, command: Command) => {
      const flags = globalOptions(command);
      const wanted = name === undefined ? flags : { ...flags, context: name };
      const settings = connectionSettings(wanted, surroundings.env, readConfig(path));
      const { addresses, token, ...rest } = settings;
      const hidden = token === undefined ? {} : { token: HIDDEN };
      const facts = { config: path, ...rest, ...addresses, ...hidden };
      await writeAnswer(
        { ...surroundings, output: flags.output ?? 'table' },
        {
          json: jsonValue(facts),
          rows: [{ ...settings, path }],
          columns: { table: SETTINGS, csv: SETTINGS },
        },
      );
    });
}

function addDelete(context: Command, path: string, surroundings: Surroundings): void {
  context
    .command('delete')
    .description('Forgets a context.')
    .argument('<name>', 'which')
    .addHelpText('after', '\nExample:\n  $ bank context delete prod')
    .action(async (name: string, _: unknown, command: Command) => {
      const config = readConfig(path);
      known(config, name);
      const kept = Object.entries(config.contexts).filter(([one]) => one !== name);
      const contexts = Object.fromEntries(kept);
      const current = config.current === name ? {} : { current: config.current };
      writeConfig(path, { ...current, contexts });
      await writeText(outputOf(surroundings, command), `${name} is forgotten\n`);
    });
}

function outputOf(surroundings: Surroundings, command: Command) {
  return { ...surroundings, output: globalOptions(command).output ?? 'table' };
}

function known({ contexts }: Config, name: string): void {
  if (Object.hasOwn(contexts, name)) return;
  const all = Object.keys(contexts).join(', ') || 'none';
  throw new CommandError(`There is no context "${name}" (there are: ${all}).`);
}

function nameArgument(text: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(text)) return text;
  throw new InvalidArgumentError('It must be 1 to 63 of A-Z, a-z, 0-9, ".", "_" and "-".');
}

/** Paths are of the folder that the command runs in: the file must hold for every other. */
function absoluteFiles(entry: BankContextEntry): BankContextEntry {
  const files: BankContextEntry = {};
  for (const key of FILES) {
    const path = entry[key];
    if (path !== undefined) files[key] = resolve(path);
  }
  return files;
}

function compact(entry: BankContextEntry): BankContextEntry {
  return Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== undefined));
}

function shownEntry({ token, ...entry }: BankContextEntry): Record<string, string | boolean> {
  const shown = Object.entries(entry).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, value] as const],
  );
  return Object.fromEntries([
    ...shown,
    ...(token === undefined ? [] : [['token', HIDDEN] as const]),
  ]);
}

type Facts = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

function jsonValue(facts: Facts): Record<string, string | boolean | string[]> {
  const known = Object.entries(facts).flatMap(([key, value]) => {
    if (value === undefined) return [];
    return [[key, typeof value === 'object' ? [...value] : value] as const];
  });
  return Object.fromEntries(known);
}

const CONTEXTS: Columns<Named> = {
  table: [
    { title: ' ', value: ({ isCurrent }) => (isCurrent ? '*' : '') },
    { title: 'NAME', value: ({ name }) => name },
    { title: 'COMMAND', value: ({ command = '' }) => command },
    { title: 'QUERY', value: ({ query = '' }) => query },
    { title: 'PROJECTOR', value: ({ projector = '' }) => projector },
  ],
  csv: [
    { title: 'name', value: ({ name }) => name },
    { title: 'current', value: ({ isCurrent }) => String(isCurrent) },
    { title: 'command', value: ({ command = '' }) => command },
    { title: 'query', value: ({ query = '' }) => query },
    { title: 'projector', value: ({ projector = '' }) => projector },
  ],
};

const SETTINGS: Columns<ConnectionSettings & { readonly path: string }>['table'] = [
  { title: 'config', value: ({ path }) => path },
  { title: 'context', value: ({ context = '' }) => context },
  { title: 'command', value: ({ addresses }) => addresses.command.join(', ') },
  { title: 'query', value: ({ addresses }) => addresses.query.join(', ') },
  { title: 'projector', value: ({ addresses }) => addresses.projector.join(', ') },
  { title: 'tls', value: ({ tls }) => (tls ? 'on' : 'off') },
  { title: 'ca-file', value: ({ caFile = '' }) => caFile },
  { title: 'cert-file', value: ({ certFile = '' }) => certFile },
  { title: 'key-file', value: ({ keyFile = '' }) => keyFile },
  { title: 'token', value: ({ token }) => (token === undefined ? '' : HIDDEN) },
  { title: 'token-file', value: ({ tokenFile = '' }) => tokenFile },
  { title: 'output', value: ({ output }) => output },
];
