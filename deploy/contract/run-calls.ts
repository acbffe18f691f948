/**
 * Runs the calls of documents, one after the other in one shell, so that what one sets the next
 * ones know. Answers what each wrote. A call that fails, or that is not refused though its document
 * says so, is an error with its place and what it wrote; the bank keeps what the calls before it
 * have done.
 */
import { randomUUID } from 'node:crypto';
import { delimiter } from 'node:path';
import { runTool } from '../local/run-tool.ts';
import { withTemporaryFolder } from './contract-files.ts';
import type { ShownCall } from './shown-calls.ts';

const CALLS_TIMEOUT_MS = 100_000;
/** grpcurl ends with this and the code of gRPC when a call was answered with an error. */
const REFUSED_EXIT = 64;

export async function runCalls(
  calls: readonly ShownCall[],
  toolFolders: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<string[]> {
  const mark = `-- ${randomUUID()}`;
  const blocks = calls.map(({ shell }) => `{\n${shell}} 2>&1\nprintf '\\n${mark} %s\\n' $?`);
  const { stdout } = await withTemporaryFolder((folder) =>
    runTool('sh', ['-uc', ['cd "$CALLS_FOLDER"', ...blocks].join('\n')], {
      timeoutMs: CALLS_TIMEOUT_MS,
      missing: 'There is no sh on the PATH',
      env: { ...env, CALLS_FOLDER: folder, PATH: pathWith(toolFolders) },
    }),
  );
  const written = stdout.split(new RegExp(`\\n${mark} (\\d+)\\n`));
  return calls.map((call, place) => {
    const answer = plainText(written[place * 2] ?? '');
    check(call, Number(written[place * 2 + 1]), answer);
    return answer;
  });
}

/** As a document can hold it: CSV's line ends would not survive an editor. */
function plainText(written: string): string {
  return written.replaceAll('\r', '').trimEnd().replaceAll('\t', '    ');
}

function check({ place, isRefused }: ShownCall, exit: number, answer: string): void {
  const isAsShown = isRefused ? exit > REFUSED_EXIT : exit === 0;
  if (isAsShown) return;
  const wanted = isRefused ? 'should have been refused' : 'should have been done';
  throw new Error(`the call in ${place} ${wanted}, and ended with ${exit}:\n${answer}`);
}

function pathWith(folders: readonly string[]): string {
  return [...folders, process.env['PATH'] ?? ''].join(delimiter);
}
