/**
 * Finds toxiproxy: built by go from its module, one pinned version, once into the cache. Where go
 * is missing it says so.
 */
import { join } from 'node:path';
import { cachedFolder } from '#deploy/local/cache-folder.ts';
import type { Progress } from '#deploy/local/progress.ts';
import { runTool } from '#deploy/local/run-tool.ts';

const VERSION = 'v2.12.0';
const MODULE = `github.com/Shopify/toxiproxy/v2/cmd/server@${VERSION}`;
const BUILD_TIMEOUT_MS = 8 * 60_000;
const NO_GO =
  'There is no go, which builds toxiproxy for the fault suite: install Go 1.23 or newer';

export async function findToxiproxy(progress: Progress): Promise<string> {
  const folder = await cachedFolder(`toxiproxy-${VERSION}`, progress, async (draft) => {
    progress('toxiproxy', `building ${VERSION} by go (up to a minute, once)`);
    const place = [`GOBIN=${draft}`, 'CGO_ENABLED=0'];
    await runTool('env', [...place, 'go', 'install', MODULE], {
      timeoutMs: BUILD_TIMEOUT_MS,
      missing: NO_GO,
    });
  });
  return join(folder, 'server');
}
