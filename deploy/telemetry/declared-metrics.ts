// The instruments of the services, read from the instruments themselves: each module that declares
// some is imported, so that what is listed is what a process has. By the folder that declares them.
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { declaredInstruments, type Instrument } from '#platform/instruments.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
export const FOLDERS = ['command-svc', 'projector-svc', 'query-svc', 'platform'] as const;
const DECLARATION =
  /\b(?:counter|gauge|histogram|observedGauge|observedCounter)\(\s*(?:'([\w.]+)'|[`"\w])/g;

export type DeclaredMetrics = {
  /** By folder; an instrument stands where its module is. */
  readonly byFolder: ReadonlyMap<string, readonly Instrument[]>;
  /** Names that the code declares and no instrument has, or the other way round. */
  readonly unmatched: readonly string[];
};

export async function readDeclaredMetrics(): Promise<DeclaredMetrics> {
  const folderOf = new Map<string, string>();
  const odd: string[] = [];
  for (const path of globSync(
    FOLDERS.map((folder) => `${folder}/**/*.ts`),
    { cwd: ROOT },
  )) {
    const text = readFileSync(join(ROOT, path), 'utf8');
    const names = [...text.matchAll(DECLARATION)].map(([, name]) => name);
    if (names.length === 0) continue;
    await import(join(ROOT, path));
    for (const name of names) {
      if (name === undefined) odd.push(`${path}: a name that is no plain text`);
      else folderOf.set(name, dirname(path).split('/')[0] ?? '');
    }
  }
  const found = declaredInstruments().filter(({ name }) => folderOf.has(name));
  const foundNames = new Set(found.map(({ name }) => name));
  const missing = [...folderOf.keys()].filter((name) => !foundNames.has(name));
  const byFolder = new Map(
    FOLDERS.map((folder) => [folder, found.filter(({ name }) => folderOf.get(name) === folder)]),
  );
  return { byFolder, unmatched: [...odd, ...missing] };
}
