/**
 * The oldest Node that the published client promises to run on, in one version, installed once into
 * the cache: the project itself runs on a newer one.
 */
import { join } from 'node:path';
import { cachedFolder } from '#deploy/local/cache-folder.ts';
import type { Progress } from '#deploy/local/progress.ts';
import { runTool } from '#deploy/local/run-tool.ts';

const VERSION = '22.23.3';
const INSTALL_TIMEOUT_MS = 5 * 60_000;

export async function findNode22(progress: Progress): Promise<string> {
  const folder = await cachedFolder(`node-${VERSION}`, progress, async (draft) => {
    progress('node', `installing Node ${VERSION} (some seconds, once)`);
    const quiet = ['--no-audit', '--no-fund', '--no-save', '--no-package-lock', '--loglevel=error'];
    await runTool('npm', ['install', '--prefix', draft, ...quiet, `node@${VERSION}`], {
      timeoutMs: INSTALL_TIMEOUT_MS,
      missing: 'There is no npm on the PATH',
    });
  });
  return join(folder, 'node_modules/node/bin/node');
}
