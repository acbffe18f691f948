/**
 * Finds toxiproxy: built by go from its module, one pinned version, once into the cache. Where go
 * is missing it says so.
 */
import { join } from 'node:path';
import { cachedFolder } from '#deploy/local/cache-folder.ts';
import { goInstall } from '#deploy/local/go-install.ts';
import type { Progress } from '#deploy/local/progress.ts';

const VERSION = 'v2.12.0';
const PROGRAM = `github.com/Shopify/toxiproxy/v2/cmd/server@${VERSION}`;

export async function findToxiproxy(progress: Progress): Promise<string> {
  const folder = await cachedFolder(`toxiproxy-${VERSION}`, progress, async (draft) => {
    progress('toxiproxy', `building ${VERSION} by go (a minute or two, once)`);
    await goInstall(PROGRAM, draft, 'install Go 1.25 or newer');
  });
  return join(folder, 'server');
}
