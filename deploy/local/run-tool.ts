// Runs a tool that does one thing and ends (initdb, mvn, pip, java -version), under the guardian:
// it does not outlive its parent. Answers what it wrote; when it fails, or is not there, the error
// says which tool, how it ended, and its last lines.
import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { GUARDIAN } from './guarded-process.ts';

const NOT_FOUND = 127;
const ORPHAN_GRACE_TENTHS = '10';

export type ToolOptions = {
  timeoutMs: number;
  /** What to do when the tool is not installed: a sentence for a person. */
  missing: string;
  /** On top of this process' own. */
  env?: Record<string, string>;
};

export type ToolOutput = { stdout: string; stderr: string };

export async function runTool(
  file: string,
  args: string[],
  options: ToolOptions,
): Promise<ToolOutput> {
  const tool = spawn('sh', [GUARDIAN, 'TERM', ORPHAN_GRACE_TENTHS, file, ...args], {
    detached: true,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    timeout: options.timeoutMs,
    killSignal: 'SIGKILL',
  });
  const ended = new Promise<number | NodeJS.Signals>((resolve, reject) => {
    tool.once('error', reject);
    tool.once('exit', (code, signal) => {
      tool.stdio[3]?.destroy(); // lets the watcher end, which holds the pipes no longer than that
      resolve(signal ?? code ?? NOT_FOUND);
    });
  });
  const output = Promise.all([textOf(tool.stdout), textOf(tool.stderr)]);
  const status = await ended;
  const [stdout, stderr] = await output;
  if (status === 0) return { stdout, stderr };
  if (status === NOT_FOUND) throw new Error(options.missing);
  const lines = `${stdout}\n${stderr}`.trim().split('\n').slice(-15).join('\n');
  throw new Error(`${file} ${args[0] ?? ''} ended with ${status}:\n${lines}`);
}

async function textOf(stream: Readable | null): Promise<string> {
  return stream === null ? '' : text(stream);
}
