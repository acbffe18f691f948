/**
 * The programs of a control plane without nodes: etcd of Debian, kube-apiserver and helm built by
 * Go. The first time takes about 15 minutes on two cores and 2 GB of Go's cache; then they are in
 * this project's cache.
 */
import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { cachedFolder } from '#deploy/local/cache-folder.ts';
import { goInstall } from '#deploy/local/go-install.ts';
import { onPath } from '#deploy/local/on-path.ts';
import type { Progress } from '#deploy/local/progress.ts';
import { runTool } from '#deploy/local/run-tool.ts';
import { unpackDebianPackage } from '#test/support/debian-package.ts';

export const KUBERNETES_VERSION = '1.34.2';
const HELM_VERSION = '3.19.5';
const BUILD_TIMEOUT_MS = 60 * 60_000;
const NO_GO = 'There is no Go on the PATH: install Go 1.25 or newer';

export type KubernetesTools = { etcd: string; apiserver: string; helm: string };

export async function findKubernetesTools(progress: Progress): Promise<KubernetesTools> {
  const etcd = onPath('etcd') ?? (await fetchedEtcd(progress));
  const built = await cachedFolder(`kube-apiserver-${KUBERNETES_VERSION}`, progress, (draft) => {
    progress('kubernetes', 'building kube-apiserver (10 minutes or more, once)');
    return buildApiserver(draft);
  });
  const helm = await cachedFolder(`helm-${HELM_VERSION}`, progress, (draft) => {
    progress('helm', 'building it (some minutes, once)');
    return goInstall(`helm.sh/helm/v3/cmd/helm@v${HELM_VERSION}`, draft, NO_GO);
  });
  return { etcd, apiserver: join(built, 'kube-apiserver'), helm: join(helm, 'helm') };
}

async function fetchedEtcd(progress: Progress): Promise<string> {
  const folder = await cachedFolder('etcd-debian', progress, (draft) =>
    unpackDebianPackage('etcd-server', draft, 'install etcd 3.4 or newer'),
  );
  return join(folder, 'usr/bin/etcd');
}

/** A module of our own, since that of Kubernetes takes parts of itself from folders. */
async function buildApiserver(folder: string): Promise<void> {
  const module = `k8s.io/kubernetes@v${KUBERNETES_VERSION}`;
  const go = async (...args: string[]): Promise<string> => {
    const env = { GOFLAGS: '-mod=mod', GOWORK: 'off' };
    const options = { timeoutMs: BUILD_TIMEOUT_MS, missing: NO_GO, env };
    return (await runTool('env', ['-C', folder, 'go', ...args], options)).stdout;
  };
  const downloaded: unknown = JSON.parse(await go('mod', 'download', '-json', module));
  const { GoMod } = z.object({ GoMod: z.string() }).parse(downloaded);
  const parts = (await readFile(GoMod, 'utf8')).matchAll(/^\s*(k8s\.io\/\S+) => \.\/staging/gm);
  const part = `v0.${KUBERNETES_VERSION.slice(2)}`;
  const lines = [...new Set([...parts].map(([, name]) => `replace ${name} => ${name} ${part}`))];
  const head = ['module kubernetes', 'go 1.24', `require k8s.io/kubernetes v${KUBERNETES_VERSION}`];
  writeFileSync(join(folder, 'go.mod'), `${[...head, ...lines].join('\n')}\n`);
  const stamp = `-X k8s.io/component-base/version.gitVersion=v${KUBERNETES_VERSION}`;
  await go('build', '-ldflags', stamp, '-o', folder, 'k8s.io/kubernetes/cmd/kube-apiserver');
}
