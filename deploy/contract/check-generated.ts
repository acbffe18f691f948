/**
 * `npm run check:generated`: generates everything anew, beside what is committed, and compares.
 * Ends with 1 and the list of files that differ when generated/ is not what proto/ gives.
 */
import { join } from 'node:path';
import {
  GENERATED,
  generateInto,
  readTree,
  repositoryRoot,
  withTemporaryFolder,
} from './contract-files.ts';

const wanted = await withTemporaryFolder(async (folder) => {
  await generateInto(folder);
  return readTree(join(folder, GENERATED));
});
const differences = compare(wanted, await readTree(join(repositoryRoot, GENERATED)));

if (differences.length === 0) {
  console.info(`${GENERATED}/ is what proto/ gives: ${wanted.size} files`);
} else {
  console.error(`${GENERATED}/ is not what proto/ gives; run: npm run generate`);
  for (const difference of differences) console.error(`  ${difference}`);
  process.exitCode = 1;
}

function compare(wanted: Map<string, Buffer>, present: Map<string, Buffer>): string[] {
  const paths = [...new Set([...wanted.keys(), ...present.keys()])].sort();
  return paths.flatMap((path) => {
    const want = wanted.get(path);
    const have = present.get(path);
    if (want === undefined) return [`${GENERATED}/${path}: no .proto makes it`];
    if (have === undefined) return [`${GENERATED}/${path}: missing`];
    return want.equals(have) ? [] : [`${GENERATED}/${path}: differs`];
  });
}
