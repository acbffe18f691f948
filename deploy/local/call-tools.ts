// The tools with which the documents call the bank: grpcurl in one version, since its answers are
// compared byte by byte, and any jq. What the PATH does not have is built by go install, once, into
// the cache. Where that cannot be done it says what to install.
import { symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cachedFolder } from './cache-folder.ts';
import { goInstall } from './go-install.ts';
import { onPath } from './on-path.ts';
import type { Progress } from './progress.ts';
import { runTool } from './run-tool.ts';

const GRPCURL_VERSION = '1.9.4';
const GRPCURL = `github.com/fullstorydev/grpcurl/cmd/grpcurl@v${GRPCURL_VERSION}`;
const GOJQ_VERSION = '0.12.20';
const GOJQ = `github.com/itchyny/gojq/cmd/gojq@v${GOJQ_VERSION}`;
const VERSION_TIMEOUT_MS = 30_000;

/** The folders that have them, to be put before the PATH. */
export async function findCallTools(progress: Progress): Promise<string[]> {
  const grpcurl = (await installedGrpcurl()) ?? (await builtGrpcurl(progress));
  return onPath('jq') === undefined ? [grpcurl, await builtJq(progress)] : [grpcurl];
}

/** One of another version, or that does not know its version, is passed over. */
async function installedGrpcurl(): Promise<string | undefined> {
  const path = onPath('grpcurl');
  if (path === undefined) return undefined;
  const options = { timeoutMs: VERSION_TIMEOUT_MS, missing: `${path} is gone` };
  const { stdout, stderr } = await runTool(path, ['-version'], options);
  const version = /^grpcurl v?(\S+)$/.exec((stdout + stderr).trim())?.[1];
  return version === GRPCURL_VERSION ? dirname(path) : undefined;
}

function builtGrpcurl(progress: Progress): Promise<string> {
  return cachedFolder(`grpcurl-${GRPCURL_VERSION}`, progress, async (draft) => {
    progress('grpcurl', `no v${GRPCURL_VERSION} on the PATH, building it (a minute or two, once)`);
    await goInstall(GRPCURL, draft, `install grpcurl v${GRPCURL_VERSION}, or Go 1.25 or newer`);
  });
}

function builtJq(progress: Progress): Promise<string> {
  return cachedFolder(`gojq-${GOJQ_VERSION}`, progress, async (draft) => {
    progress('jq', 'none on the PATH, building gojq (some seconds, once)');
    await goInstall(GOJQ, draft, 'install jq');
    symlinkSync('gojq', join(draft, 'jq'));
  });
}
