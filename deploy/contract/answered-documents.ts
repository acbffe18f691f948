/**
 * The documents that show calls, with what a bank answers to them today. Their calls are run in the
 * order of the list, in one shell: a later document goes on with the accounts of an earlier one.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BankAddresses } from '#client/bank-client.ts';
import { repositoryRoot } from './contract-files.ts';
import { withBankCommand } from './bank-command.ts';
import { runCalls } from './run-calls.ts';
import { shownCalls, withAnswers } from './shown-calls.ts';
import { standInsOf } from './stand-ins.ts';

/** Relative to the repository's root. */
const DOCUMENTS = [
  'docs/account-life.md',
  'docs/contract.md',
  'docs/bulk-calls.md',
  'docs/tutorial.md',
] as const;

export type AnsweredDocument = {
  readonly path: string;
  /** As it is. */
  readonly text: string;
  /** As it should be. */
  readonly answered: string;
};

export async function answeredDocuments(
  addresses: BankAddresses,
  toolFolders: readonly string[],
): Promise<AnsweredDocument[]> {
  const documents = await Promise.all(DOCUMENTS.map(read));
  const calls = documents.flatMap(({ calls }) => calls);
  const { toRun, toShow } = standInsOf(calls.map(({ shell }) => shell).join(''), addresses);
  const run = calls.map((call) => ({ ...call, shell: toRun(call.shell) }));
  const answers = await withBankCommand(addresses, (folder, env) =>
    runCalls(run, [folder, ...toolFolders], env),
  );
  const shown = answers.map(toShow);
  return documents.map(({ path, text, calls }) => {
    const own = shown.splice(0, calls.length);
    return { path, text, answered: withAnswers(text, own) };
  });
}

async function read(path: string) {
  const text = await readFile(join(repositoryRoot, path), 'utf8');
  return { path, text, calls: shownCalls(path, text) };
}
