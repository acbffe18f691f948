/**
 * `bank` as a command in a folder of its own, for the PATH of a document's calls: the CLI of this
 * checkout, that knows the bank at hand and no context of the person who runs it.
 */
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BankAddresses } from '#client/bank-client.ts';
import { repositoryRoot, withTemporaryFolder } from './contract-files.ts';

/** The program, for Node. */
export const BANK_PROGRAM = join(repositoryRoot, 'client/cli/main.ts');

export function withBankCommand<T>(
  addresses: BankAddresses,
  use: (folder: string, env: Readonly<Record<string, string>>) => Promise<T>,
): Promise<T> {
  return withTemporaryFolder(async (folder) => {
    const path = join(folder, 'bank');
    await writeFile(path, `#!/bin/sh\nexec '${process.execPath}' '${BANK_PROGRAM}' "$@"\n`);
    await chmod(path, 0o755);
    return await use(folder, bankVariables(addresses));
  });
}

/** What tells the program of this bank and of nothing else. */
export function bankVariables({ command, query, projector }: BankAddresses) {
  return {
    BANK_COMMAND_ADDRESS: command.join(','),
    BANK_QUERY_ADDRESS: query.join(','),
    BANK_PROJECTOR_ADDRESS: projector.join(','),
    BANK_CONFIG: join(repositoryRoot, '.local/no-contexts.yaml'),
    NODE_COMPILE_CACHE: join(repositoryRoot, 'node_modules/.cache/compiled'),
  };
}
