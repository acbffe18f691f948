/**
 * `npm run check:breaking`: compares proto/ with the newest release, by the descriptors that its
 * tag holds. Without a release tag it says so and passes. Before v0.1.0 nothing is promised yet:
 * what would break is shown, and passes. From v0.1.0 on it ends with 1 and buf's list of what
 * breaks callers; a comparison that cannot be made ends with 1.
 */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  buildDescriptors,
  DESCRIPTORS,
  GENERATED,
  repositoryRoot,
  runBuf,
  withTemporaryFolder,
} from './contract-files.ts';

const DESCRIPTORS_BYTES_MAX = 16 * 1024 * 1024;
const FIRST_PROMISE = [0, 1, 0] as const;

const run = promisify(execFile);

const tag = await newestReleaseTag();
if (tag === undefined) {
  console.info('no release tag (v*) yet: nothing to compare with');
} else {
  await compareWith(tag);
}

async function compareWith(tag: string): Promise<void> {
  const result = await withTemporaryFolder(async (folder) => {
    const before = join(folder, 'before.binpb');
    const now = join(folder, 'now.binpb');
    await writeFile(before, await descriptorsOf(tag));
    await buildDescriptors(now);
    return runBuf(['breaking', now, '--config', 'buf.yaml', '--against', before]);
  });
  if (result.end === 'ok') {
    console.info(`nothing in proto/ breaks callers of ${tag}`);
    return;
  }
  console.error(`proto/ breaks callers of ${tag}:\n${result.output.trimEnd()}`);
  if (isBeforeFirstPromise(tag)) console.error('passes: the contract holds from v0.1.0 on');
  else process.exitCode = 1;
}

async function newestReleaseTag(): Promise<string | undefined> {
  const tags = await git(['tag', '--list', 'v*', '--sort=-version:refname']);
  const names = tags.toString('utf8').split('\n');
  return names.find((name) => versionOf(name) !== undefined);
}

function descriptorsOf(tag: string): Promise<Buffer> {
  return git(['show', `${tag}:${GENERATED}/${DESCRIPTORS}`]);
}

function isBeforeFirstPromise(tag: string): boolean {
  const version = versionOf(tag) ?? [];
  const differs = FIRST_PROMISE.findIndex((part, index) => version[index] !== part);
  const [part, promised] = [version[differs], FIRST_PROMISE[differs]];
  return part !== undefined && promised !== undefined && part < promised;
}

/** The three numbers of a release tag; undefined for any other tag, also one of a pre-release. */
function versionOf(tag: string): number[] | undefined {
  const match = /^v(\d+)\.(\d+)\.(\d+)$/.exec(tag);
  return match?.slice(1).map(Number);
}

async function git(args: readonly string[]): Promise<Buffer> {
  const { stdout } = await run('git', [...args], {
    cwd: repositoryRoot,
    encoding: 'buffer',
    maxBuffer: DESCRIPTORS_BYTES_MAX,
  });
  return stdout;
}
