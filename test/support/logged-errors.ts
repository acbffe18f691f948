/** The lines at level "error" in the logs of services. */
import { readFileSync } from 'node:fs';

export function loggedErrors(files: readonly string[]): string[] {
  return files
    .flatMap((file) => readFileSync(file, 'utf8').split('\n'))
    .filter((line) => line.includes('"level":"error"'));
}
