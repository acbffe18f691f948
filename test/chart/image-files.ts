/**
 * What of the project the image has: the list that deploy/image/Dockerfile.dockerignore is, where
 * nothing is in the image that a line does not name.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const LIST = join(ROOT, 'deploy/image/Dockerfile.dockerignore');

/** Files and folders, those only that there are. */
export function imagePaths(): string[] {
  const lines = readFileSync(LIST, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  const [first, ...named] = lines;
  const isPlain = named.every((line) => /^![A-Za-z0-9_./-]+$/.test(line));
  if (first !== '*' || !isPlain) throw new Error(`${LIST}: takes * and then paths, each after !`);
  return named.map((line) => line.slice(1)).filter((path) => existsSync(join(ROOT, path)));
}

export function isInImage(path: string): boolean {
  const isNamed = imagePaths().some((one) => path === one || path.startsWith(`${one}/`));
  return isNamed && existsSync(join(ROOT, path));
}
