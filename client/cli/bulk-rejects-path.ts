/**
 * Where the rejects of a run go, settled before anything is sent: the file is put in place by a
 * rename, so a folder, a device or a pipe of that name would be moved away, and so would the file
 * that is sent.
 */
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { STDIN } from './bulk-input.ts';
import type { BulkFormat } from './bulk-layout.ts';
import { CommandError } from './command-context.ts';

export type RejectsPlace = {
  /** The file that is sent. */
  readonly path: string;
  /** That file's name. */
  readonly name: string;
  readonly submissionId: string;
  readonly format: BulkFormat;
  /** By --rejects. */
  readonly given: string | undefined;
};

/** By --rejects; else beside the file, and of a pipe, where the command runs. */
export async function rejectsPathOf(place: RejectsPlace): Promise<string> {
  const { path, given } = place;
  const chosen = given ?? besideFile(place);
  const [there, sent] = await Promise.all([
    found(chosen),
    path === STDIN ? undefined : found(path),
  ]);
  if (there !== undefined && !there.isFile()) {
    throw new CommandError(`${chosen} is no file: rejects go to a file, name one by --rejects`);
  }
  if (there !== undefined && there.dev === sent?.dev && there.ino === sent.ino) {
    throw new CommandError(`--rejects ${chosen} is the file that is sent: name another one`);
  }
  if (given !== undefined) await checkFolder(given);
  return chosen;
}

function besideFile({ path, name, submissionId, format }: RejectsPlace): string {
  if (path === STDIN) return `${submissionId}.rejects.${format}`;
  return join(dirname(path), `${name.replace(/\.[^.]*$/, '')}.rejects.${format}`);
}

async function checkFolder(path: string): Promise<void> {
  try {
    await access(dirname(path), constants.W_OK);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CommandError(`--rejects ${path} cannot be written: ${why}`, undefined, error);
  }
}

function found(path: string) {
  return stat(path).catch(() => undefined);
}
