/**
 * Finds Prometheus and its promtool: on the PATH, else those of Debian's package, fetched once into
 * the cache and unpacked there. (To build it by Go takes minutes, more than CI has for it.) Where
 * neither can be had it says what to install.
 */
import { join } from 'node:path';
import { cachedFolder } from '#deploy/local/cache-folder.ts';
import { onPath } from '#deploy/local/on-path.ts';
import type { Progress } from '#deploy/local/progress.ts';
import { unpackDebianPackage } from '#test/support/debian-package.ts';

const WHAT_TO_DO = 'install Prometheus 2.42 or newer, with its promtool';

export type PrometheusBinaries = { readonly prometheus: string; readonly promtool: string };

export async function findPrometheus(progress: Progress): Promise<PrometheusBinaries> {
  const prometheus = onPath('prometheus');
  const promtool = onPath('promtool');
  if (prometheus !== undefined && promtool !== undefined) return { prometheus, promtool };
  const folder = await cachedFolder('prometheus-debian', progress, async (draft) => {
    progress('prometheus', "none on the PATH, fetching Debian's by apt-get (20 MB, once)");
    await unpackDebianPackage('prometheus', draft, WHAT_TO_DO);
  });
  const bin = join(folder, 'usr/bin');
  return { prometheus: join(bin, 'prometheus'), promtool: join(bin, 'promtool') };
}
