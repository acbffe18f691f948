/**
 * The file of contexts: for each a name, where its services are, how to get in, and how answers are
 * written; and which one is used when none is named. It may hold tokens, so it is written for its
 * owner alone. Promises: a file is replaced whole, or not at all; one that is not as it must be is
 * refused with its path and the place in it.
 */
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { parseDocument, stringify } from 'yaml';
import { z } from 'zod';
import { CommandError, OUTPUT_FORMATS } from './command-context.ts';

const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;
const OTHERS_MAY_READ = 0o077;
const NO_HOME = '/nonexistent';

const CONTEXT = z.strictObject({
  /** host:port, several divided by commas. */
  command: z.string().optional(),
  query: z.string().optional(),
  projector: z.string().optional(),
  tls: z.boolean().optional(),
  'ca-file': z.string().optional(),
  'cert-file': z.string().optional(),
  'key-file': z.string().optional(),
  token: z.string().optional(),
  'token-file': z.string().optional(),
  output: z.enum(OUTPUT_FORMATS).optional(),
});
const CONFIG = z.strictObject({
  current: z.string().optional(),
  contexts: z.record(z.string(), CONTEXT).default({}),
});

export type BankContextEntry = z.infer<typeof CONTEXT>;
export type Config = z.infer<typeof CONFIG>;

export function configPath(env: NodeJS.ProcessEnv): string {
  if (env.BANK_CONFIG) return env.BANK_CONFIG;
  const home = env.HOME || homeOfUser();
  return join(env.XDG_CONFIG_HOME || join(home, '.config'), 'banking-es', 'config.yaml');
}

/** Who has no home, as the made-up user of a container, has no contexts. */
function homeOfUser(): string {
  try {
    return userInfo().homedir;
  } catch {
    return NO_HOME;
  }
}

/** One that is not there has no contexts. */
export function readConfig(path: string): Config {
  const text = readText(path);
  if (text === undefined) return { contexts: {} };
  const document = parseDocument(text);
  const [fault] = document.errors;
  if (fault !== undefined) {
    throw new CommandError(`${path}: is no YAML: ${fault.message.split('\n')[0]}`);
  }
  const parsed = CONFIG.safeParse(document.toJS() ?? {});
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(
    ({ path: place, message }) => `${place.join('.') || 'the file'}: ${message}`,
  );
  throw new CommandError(`${path}: ${issues.join('; ')}`);
}

export function writeConfig(path: string, config: Config): void {
  mkdirSync(dirname(path), { recursive: true, mode: FOLDER_MODE });
  const beside = `${path}.${process.pid}`;
  writeFileSync(beside, stringify(config), { mode: FILE_MODE });
  renameSync(beside, path);
}

/** What is said of a file with a token that others than its owner can read; else nothing. */
export function readableWarning(path: string, config: Config): string | undefined {
  const hasToken = Object.values(config.contexts).some(({ token }) => token !== undefined);
  if (!hasToken || process.platform === 'win32') return undefined;
  const { mode } = statSync(path);
  if ((mode & OTHERS_MAY_READ) === 0) return undefined;
  return `warning: others can read ${path}, which has a token: chmod 600 ${path}`;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    const why = error instanceof Error ? error.message : String(error);
    throw new CommandError(`${path}: cannot be read: ${why}`, undefined, error);
  }
}
