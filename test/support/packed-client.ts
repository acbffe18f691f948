/**
 * The client as npm would publish it, in an empty folder outside of the checkout: unpacked under
 * node_modules beside what its manifest names, and nothing else. Its dependencies are the ones that
 * the checkout has, so that nothing is downloaded.
 */
import { mkdir, mkdtemp, readFile, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { runTool } from '#deploy/local/run-tool.ts';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PACKAGE = join(ROOT, 'client/package');
const PACK_TIMEOUT_MS = 60_000;

const Packed = z.array(
  z.object({ filename: z.string(), files: z.array(z.object({ path: z.string() })) }),
);
export const Manifest = z.object({
  name: z.string(),
  version: z.string(),
  engines: z.object({ node: z.string() }),
  bin: z.record(z.string(), z.string()),
  dependencies: z.record(z.string(), z.string()),
});

export type PackedClient = {
  /** Where a program of a user's would stand. */
  readonly folder: string;
  readonly manifest: z.infer<typeof Manifest>;
  /** What is in the package. */
  readonly files: readonly string[];
};

export async function packClient(): Promise<PackedClient> {
  const folder = await mkdtemp(join(tmpdir(), 'bank-client-'));
  const options = { timeoutMs: PACK_TIMEOUT_MS, missing: 'There is no npm or tar on the PATH' };
  const pack = ['pack', PACKAGE, '--json', '--silent', '--pack-destination', folder];
  const { stdout } = await runTool('npm', pack, options);
  const [packed] = Packed.parse(JSON.parse(stdout));
  if (packed === undefined) throw new Error(`npm pack answered ${stdout}`);
  const manifest = Manifest.parse(
    JSON.parse(await readFile(join(PACKAGE, 'package.json'), 'utf8')),
  );
  const place = join(folder, 'node_modules', manifest.name);
  await mkdir(place, { recursive: true });
  const tarball = join(folder, packed.filename);
  await runTool('tar', ['-xzf', tarball, '-C', place, '--strip-components=1'], options);
  for (const name of [...Object.keys(manifest.dependencies), '@types/node']) {
    const link = join(folder, 'node_modules', name);
    await mkdir(dirname(link), { recursive: true });
    await symlink(join(ROOT, 'node_modules', name), link);
  }
  return { folder, manifest, files: packed.files.map(({ path }) => path) };
}
