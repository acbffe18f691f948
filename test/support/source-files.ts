/**
 * Which files the rules about files look at: everything that people write. Not what is generated,
 * installed or built. It walks the folders rather than asking git, so that it sees a file before it
 * is added.
 */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const NOT_WRITTEN = new Set([
  'node_modules',
  'generated',
  'schema.sql',
  'coverage',
  'dist',
  '.git',
  '.local',
]);
const SOURCE = /\.(ts|sh|sql|proto|ya?ml)$|^\.ci\/run$/;

/** Paths relative to `root`, with forward slashes, sorted. */
export function sourceFiles(root: string): string[] {
  const found: string[] = [];
  const walk = (folder: string): void => {
    for (const name of readdirSync(join(root, folder)).toSorted()) {
      if (NOT_WRITTEN.has(name)) continue;
      const path = folder === '' ? name : `${folder}/${name}`;
      if (statSync(join(root, path)).isDirectory()) walk(path);
      else if (SOURCE.test(path)) found.push(path);
    }
  };
  walk('');
  return found;
}
