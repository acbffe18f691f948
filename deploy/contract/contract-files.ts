/**
 * What is generated from proto/: TypeScript by ts-proto, and one descriptor set for reflection,
 * imports and comments included. The same inputs give the same bytes, so that a check can compare
 * them with what is committed. Fails with what buf said when buf fails; nothing outside of the
 * folder that the caller names is touched.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { withOwnMapKeys } from './own-map-keys.ts';

const BUF_TIMEOUT_MS = 120_000;
const BUF_OUTPUT_BYTES_MAX = 4 * 1024 * 1024;
const EXIT_FINDINGS = 100;

/** The repository's root folder. */
export const repositoryRoot = fileURLToPath(new URL('../..', import.meta.url));

/** The folder, under the root, that holds what is committed. */
export const GENERATED = 'generated';

/** The descriptor set's name in that folder. */
export const DESCRIPTORS = 'descriptors.binpb';

const run = promisify(execFile);

/** How buf ended: 'findings' is a check's no, or a .proto file that does not compile. */
export type BufResult = { end: 'ok' | 'findings'; output: string };

/** Runs the buf of node_modules in the repository's root. Its failure is an error that says why. */
export async function runBuf(args: readonly string[]): Promise<BufResult> {
  const buf = join(repositoryRoot, 'node_modules/@bufbuild/buf/bin/buf');
  try {
    const { stdout, stderr } = await run(process.execPath, [buf, ...args], {
      cwd: repositoryRoot,
      timeout: BUF_TIMEOUT_MS,
      maxBuffer: BUF_OUTPUT_BYTES_MAX,
    });
    return { end: 'ok', output: stdout + stderr };
  } catch (error) {
    if (!isExit(error)) throw new Error(`buf ${args[0]} could not be run`, { cause: error });
    const output = error.stdout + error.stderr;
    if (error.code === EXIT_FINDINGS) return { end: 'findings', output };
    throw new Error(`buf ${args[0]} failed:\n${output}`, { cause: error });
  }
}

/** Generates everything into `folder`/generated. */
export async function generateInto(folder: string): Promise<void> {
  const out = join(folder, GENERATED);
  await mkdir(out, { recursive: true });
  await must(['generate', '--output', folder]);
  for (const path of (await filesBelow(out)).filter((file) => file.endsWith('.ts'))) {
    const text = await readFile(path, 'utf8');
    const mended = withOwnMapKeys(text);
    if (mended !== text) await writeFile(path, mended);
  }
  await buildDescriptors(join(out, DESCRIPTORS));
}

/** Writes the descriptors of every .proto file, npm's and all comments included, to one file. */
export async function buildDescriptors(file: string): Promise<void> {
  await must(['build', '--as-file-descriptor-set', '--output', file]);
}

/** Calls `use` with a new temporary folder that is gone afterwards. */
export async function withTemporaryFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'bank-contract-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Every file below a folder, by its path relative to it. A missing folder is an empty one. */
export async function readTree(folder: string): Promise<Map<string, Buffer>> {
  const tree = new Map<string, Buffer>();
  for (const path of await filesBelow(folder)) {
    tree.set(relative(folder, path), await readFile(path));
  }
  return tree;
}

async function filesBelow(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile());
    return files.map((entry) => join(entry.parentPath, entry.name)).sort();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

async function must(args: readonly string[]): Promise<void> {
  const result = await runBuf(args);
  if (result.end !== 'ok') throw new Error(`buf ${args[0]} failed:\n${result.output}`);
}

type Exit = Error & { code: number; stdout: string; stderr: string };

function isExit(error: unknown): error is Exit {
  if (!(error instanceof Error) || !('code' in error) || !('stdout' in error)) return false;
  return typeof error.code === 'number';
}
