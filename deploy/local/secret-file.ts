/** Files that nobody but their owner reads. */
import { writeFileSync } from 'node:fs';

export function writeSecret(path: string, content: string | Buffer): void {
  writeFileSync(path, content, { mode: 0o600 });
}
