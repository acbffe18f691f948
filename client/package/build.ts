/**
 * `npm run build:client`: makes the package's dist from the client's sources, as npm pack asks for
 * it. JavaScript in two entries, the client and the CLI, with what they share beside them; types
 * file by file; and the contract's descriptors, where the service config is made from. What is not
 * ours is imported, and is a dependency of the manifest. The licence lies where npm packs it.
 */
import { execFile } from 'node:child_process';
import { copyFile, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { rolldown } from 'rolldown';

const PACKAGE = import.meta.dirname;
const ROOT = join(PACKAGE, '../..');
const DIST = join(PACKAGE, 'dist');
/** As in the checkout: modules find it by their own place. */
const DESCRIPTORS = 'generated/descriptors.binpb';

await rm(DIST, { recursive: true, force: true });
await Promise.all([writeScripts(), writeTypes(), copyDescriptors(), copyLicence()]);

async function writeScripts(): Promise<void> {
  const build = await rolldown({
    input: { index: join(ROOT, 'client/index.ts'), bank: join(ROOT, 'client/cli/main.ts') },
    platform: 'node',
    external: (name) => /^(node:|@?[a-z])/.test(name),
  });
  await build.write({ dir: join(DIST, 'client'), format: 'esm', sourcemap: false });
  await build.close();
}

async function writeTypes(): Promise<void> {
  const tsc = join(ROOT, 'node_modules/.bin/tsc');
  await promisify(execFile)(tsc, ['-p', join(PACKAGE, 'tsconfig.json')]);
}

async function copyDescriptors(): Promise<void> {
  const to = join(DIST, DESCRIPTORS);
  await mkdir(join(to, '..'), { recursive: true });
  await copyFile(join(ROOT, DESCRIPTORS), to);
}

/** Its text goes with each copy. */
async function copyLicence(): Promise<void> {
  await copyFile(join(ROOT, 'LICENSE'), join(PACKAGE, 'LICENSE'));
}
