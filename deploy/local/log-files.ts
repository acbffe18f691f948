// The log file of each part: the last run's is kept beside it as .1, and the end of one is what an
// error message shows.
import { existsSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';

export function newLogFile(folder: string, name: string): string {
  const path = join(folder, `${name}.log`);
  if (existsSync(path)) renameSync(path, `${path}.1`);
  return path;
}

export function lastLines(path: string, count: number): string {
  if (!existsSync(path)) return '  (no log)';
  // Stack frames would push out what they are of.
  const said = readFileSync(path, 'utf8').trimEnd().split('\n');
  const lines = said.filter((line) => !/^\s+at /.test(line)).slice(-count);
  return lines.map((line) => `  ${line.slice(0, 400)}`).join('\n');
}
