#!/usr/bin/env node
/**
 * The process of `bank`: Ctrl-C ends a command in order, a second one at once; a reader that has
 * gone (`bank list | head`) ends it quietly. One Ctrl-C comes more than once where npm or the
 * bootstrap stands between, which pass on what the terminal has sent to all: what comes within a
 * second of the first is the same.
 */
import { enableCompileCache } from 'node:module';

enableCompileCache(); // before what it speeds up is loaded: a command starts in half the time
const { EXIT_CODES } = await import('./command-context.ts');
const { OutputClosedError } = await import('./error-report.ts');
const { runBank } = await import('./program.ts');

const SAME_SIGNAL_MS = 1000;
const stopping = new AbortController();
let stoppedAt = Number.POSITIVE_INFINITY;

process.on('SIGINT', () => stop());
process.on('SIGTERM', () => stop());
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  stopping.abort(new OutputClosedError('nobody reads the answers any more'));
});
// Who does not hear of progress has not asked to stop: an upload goes on.
process.stderr.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

function stop(): void {
  const now = performance.now();
  if (now - stoppedAt > SAME_SIGNAL_MS) process.exit(EXIT_CODES.interrupted);
  stoppedAt = Math.min(stoppedAt, now);
  stopping.abort();
}

process.exitCode = await runBank(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  signal: stopping.signal,
});
