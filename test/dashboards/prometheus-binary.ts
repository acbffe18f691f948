/**
 * Finds Prometheus and its promtool: on the PATH, else those of Debian's package, fetched once into
 * the cache and unpacked there: without root, and nothing is installed, since apt-get gets lists of
 * its own. (To build it by Go takes minutes, more than CI has for it.) Where neither can be had it
 * says what to install.
 */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cachedFolder } from '#deploy/local/cache-folder.ts';
import { onPath } from '#deploy/local/on-path.ts';
import type { Progress } from '#deploy/local/progress.ts';
import { runTool } from '#deploy/local/run-tool.ts';

const FETCH_TIMEOUT_MS = 150_000;
const WHAT_TO_DO = 'install Prometheus 2.42 or newer, with its promtool';

export type PrometheusBinaries = { readonly prometheus: string; readonly promtool: string };

export async function findPrometheus(progress: Progress): Promise<PrometheusBinaries> {
  const prometheus = onPath('prometheus');
  const promtool = onPath('promtool');
  if (prometheus !== undefined && promtool !== undefined) return { prometheus, promtool };
  const folder = await cachedFolder('prometheus-debian', progress, async (draft) => {
    progress('prometheus', "none on the PATH, fetching Debian's by apt-get (20 MB, once)");
    await fetchPackage(draft);
  });
  const bin = join(folder, 'usr/bin');
  return { prometheus: join(bin, 'prometheus'), promtool: join(bin, 'promtool') };
}

async function fetchPackage(folder: string): Promise<void> {
  const apt = join(folder, 'apt');
  for (const name of ['state/lists/partial', 'cache/archives/partial']) {
    mkdirSync(join(apt, name), { recursive: true });
  }
  try {
    await aptGet(apt, 'update');
    await aptGet(apt, 'download', 'prometheus');
    const file = readdirSync(apt).find((name) => name.endsWith('.deb'));
    if (file === undefined) throw new Error('apt-get has no package prometheus');
    await run('dpkg-deb', '-x', join(apt, file), folder);
  } catch (error) {
    throw new Error(`Prometheus could not be fetched: ${WHAT_TO_DO}`, { cause: error });
  }
  rmSync(apt, { recursive: true });
}

/** With `folder` for all that it writes, a download too. */
async function aptGet(folder: string, ...command: string[]): Promise<void> {
  const options = [
    `Dir::State=${folder}/state`,
    `Dir::Cache=${folder}/cache`,
    'Dir::State::status=/var/lib/dpkg/status',
    'APT::Sandbox::User=', // the one that it changes to as root may not write there
    'Debug::NoLocking=1',
  ];
  const given = options.flatMap((option) => ['-o', option]);
  await run('env', '-C', folder, 'apt-get', '-qq', ...given, ...command);
}

async function run(file: string, ...args: string[]): Promise<void> {
  const missing = `There is no Prometheus on the PATH, and no ${file} to fetch one: ${WHAT_TO_DO}`;
  await runTool(file, args, { timeoutMs: FETCH_TIMEOUT_MS, missing });
}
