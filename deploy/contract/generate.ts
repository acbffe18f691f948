/**
 * `npm run generate`: brings generated/ in line with proto/. Files that no .proto makes any more
 * are removed, files that did not change are left alone. A failed run changes nothing.
 */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  GENERATED,
  generateInto,
  readTree,
  repositoryRoot,
  withTemporaryFolder,
} from './contract-files.ts';

const target = join(repositoryRoot, GENERATED);
const wanted = await withTemporaryFolder(async (folder) => {
  await generateInto(folder);
  return readTree(join(folder, GENERATED));
});
const present = await readTree(target);

let changed = 0;
for (const path of present.keys()) {
  if (wanted.has(path)) continue;
  await rm(join(target, path));
  changed += 1;
}
for (const [path, bytes] of wanted) {
  if (present.get(path)?.equals(bytes)) continue;
  await mkdir(dirname(join(target, path)), { recursive: true });
  await writeFile(join(target, path), bytes);
  changed += 1;
}
console.info(`${GENERATED}/: ${wanted.size} files, ${changed} changed`);
