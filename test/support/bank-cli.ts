/**
 * The program `bank` in this process, with its streams captured: what it says, and its exit code.
 * It sees no environment and no config file but those that a test names.
 */
import { PassThrough, Writable } from 'node:stream';
import { runBank } from '#client/cli/program.ts';

export type CliRun = {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
};

export type CliOptions = {
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
  /** Of a terminal. */
  readonly columns?: number;
  /** Called with what stands on stdout after each write. */
  readonly onOutput?: (text: string) => void;
};

const NO_CONFIG = '/nowhere/config.yaml';

export async function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliRun> {
  const { env = {}, signal = new AbortController().signal, columns, onOutput } = options;
  const said = { stdout: '', stderr: '' };
  const capture = (name: 'stdout' | 'stderr'): Writable =>
    new Writable({
      write: (chunk: Buffer, _, done) => {
        said[name] += chunk.toString();
        if (name === 'stdout') onOutput?.(said.stdout);
        done();
      },
    });
  const terminal = columns === undefined ? {} : { isTTY: true, columns };
  const exitCode = await runBank(args, {
    stdin: new PassThrough(),
    stdout: Object.assign(capture('stdout'), terminal),
    stderr: capture('stderr'),
    env: { BANK_CONFIG: NO_CONFIG, ...env },
    signal,
  });
  return { ...said, exitCode };
}
