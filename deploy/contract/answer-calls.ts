/**
 * `npm run docs:grpcurl`: runs the calls that the documents show, by grpcurl, and writes what the
 * bank answers behind each. On the running bank (npm start), or on one of its own. A failed run
 * changes no document.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorText } from '../error-text.ts';
import { findCallTools } from '../local/call-tools.ts';
import { progressLines } from '../local/progress.ts';
import { runningOrOwnBank } from '../local/running-bank.ts';
import { onStopSignal } from '../local/stop-signals.ts';
import { answeredDocuments } from './answered-documents.ts';
import { repositoryRoot } from './contract-files.ts';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function main(): Promise<void> {
  const stopping = new AbortController();
  onStopSignal((reason) => stopping.abort(new Error(`stopped by ${reason}`)));
  const toolFolders = await findCallTools(progressLines);
  const bank = await runningOrOwnBank('calls', stopping.signal, say);
  try {
    for (const { path, text, answered } of await answeredDocuments(bank.addresses, toolFolders)) {
      if (text !== answered) await writeFile(join(repositoryRoot, path), answered);
      say(`${path}: ${text === answered ? 'as it was' : 'has new answers'}`);
    }
  } finally {
    await bank.stop();
  }
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${errorText(error)}\n`);
    process.exit(1);
  },
);
