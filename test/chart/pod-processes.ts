/**
 * What a kubelet makes of a pod, as processes of this machine: the container's command and
 * variables as the chart has them, files of Secrets and ConfigMaps in a folder, nothing of this
 * process' own environment. What a cluster gives otherwise (names of other pods, ports) is put in
 * its place by `places`, text for text.
 */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Part } from '#deploy/local/part.ts';
import { silent } from '#deploy/local/progress.ts';
import { runTool, type ToolOutput } from '#deploy/local/run-tool.ts';
import { startOf, type ImageFolder } from './image-folder.ts';
import type { Container, KubeObject, Pod } from './objects.ts';

const READY_TIMEOUT_MS = 60_000;
const JOB_TIMEOUT_MS = 60_000;
const GRACE_MS = 11_000;
const MOUNTED = '/etc/bank/';
const IN_IMAGE = '/app/';

export type Cluster = {
  readonly image: ImageFolder;
  /** For files and logs. */
  readonly folder: string;
  readonly objects: readonly KubeObject[];
  /** Values of Secrets that win over the rendered ones, by key. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly places: Readonly<Record<string, string>>;
};

/** A service: ready when its readiness probe says so. */
export async function startPod(cluster: Cluster, pod: Pod): Promise<Part> {
  const container = onlyContainer(pod);
  const { image } = cluster;
  const words = [...(container.command ?? image.entrypoint), ...container.args];
  const name = `${container.name}-container`;
  const [file = '', ...args] = commandLine(cluster, pod, words);
  const spec = {
    name,
    command: () => Promise.resolve({ file, args, cwd: image.path }),
    isReady: () => probe(cluster, pod, container.readinessProbe?.exec?.command ?? []),
    readyTimeoutMs: READY_TIMEOUT_MS,
    stopSignal: 'SIGTERM' as const,
    graceMs: GRACE_MS,
    logFile: join(cluster.folder, `${name}.log`),
  };
  const part = new Part(spec, { progress: silent, restarts: false, onGivenUp: () => undefined });
  await part.start();
  return part;
}

/** A job, or any other command in the pod: to its end, which is an error when it is not 0. */
export function runInPod(
  cluster: Cluster,
  pod: Pod,
  words?: readonly string[],
): Promise<ToolOutput> {
  const container = onlyContainer(pod);
  const started = words ?? [...cluster.image.entrypoint, ...container.args];
  const line = ['-C', cluster.image.path, ...commandLine(cluster, pod, started)];
  return runTool('env', line, { timeoutMs: JOB_TIMEOUT_MS, missing: 'There is no env' });
}

async function probe(cluster: Cluster, pod: Pod, words: readonly string[]): Promise<boolean> {
  await runInPod(cluster, pod, words);
  return true;
}

function commandLine(cluster: Cluster, pod: Pod, words: readonly string[]): string[] {
  const env = { ...cluster.image.env, ...variablesOf(cluster, pod) };
  const given = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const placedWords = startOf(words).map((word) => placed(cluster, word));
  return ['env', '-i', ...given, ...placedWords];
}

function variablesOf(cluster: Cluster, pod: Pod): Record<string, string> {
  const files = writeFiles(cluster, pod);
  const entries = onlyContainer(pod).env.map(({ name, value, valueFrom }): [string, string] => {
    const ref = valueFrom?.secretKeyRef;
    if (ref !== undefined) return [name, placed(cluster, secretOf(cluster, ref.name, ref.key))];
    if (valueFrom !== undefined) return [name, `${pod.of.metadata.name}-0`]; // its own name
    const text = placed(cluster, value ?? '');
    const inFolders = text.replaceAll(MOUNTED, `${files}/`);
    return [name, inFolders.replaceAll(IN_IMAGE, `${cluster.image.path}/`)];
  });
  return Object.fromEntries(entries);
}

/** Longer ones first, for one may begin another. */
function placed({ places }: Cluster, text: string): string {
  const known = Object.entries(places).toSorted(([a], [b]) => b.length - a.length);
  return known.reduce((done, [from, to]) => done.replaceAll(from, to), text);
}

/**
 * Answers the folder that stands for /etc/bank. A pod's container may be reading a file while a
 * probe is made ready in the same pod: as from a kubelet, a file is there whole or not at all.
 */
function writeFiles(cluster: Cluster, { of, spec }: Pod): string {
  const folder = join(cluster.folder, of.metadata.name);
  for (const { name, secret, configMap } of spec.volumes) {
    const source = secret?.secretName ?? configMap?.name;
    if (source === undefined) continue;
    mkdirSync(join(folder, name), { recursive: true });
    const wanted = secret?.items?.map(({ key }) => key);
    for (const [key, content] of Object.entries(contentOf(cluster, source))) {
      if (wanted === undefined || wanted.includes(key)) {
        const path = join(folder, name, key);
        writeFileSync(`${path}.new`, content);
        renameSync(`${path}.new`, path);
      }
    }
  }
  return folder;
}

function secretOf(cluster: Cluster, name: string, key: string): string {
  const value = cluster.secrets[key] ?? contentOf(cluster, name)[key];
  if (value === undefined) throw new Error(`the Secret ${name} has no ${key}`);
  return value;
}

function contentOf({ objects }: Cluster, name: string): Readonly<Record<string, string>> {
  const found = objects.find(({ kind, metadata }) => {
    return (kind === 'Secret' || kind === 'ConfigMap') && metadata.name === name;
  });
  if (found === undefined) throw new Error(`nothing is called ${name}`);
  const { kind, data = {}, stringData = {} } = found;
  const decoded = Object.entries(data).map(([key, value]) => {
    return [key, kind === 'Secret' ? Buffer.from(value, 'base64').toString() : value] as const;
  });
  return { ...Object.fromEntries(decoded), ...stringData };
}

function onlyContainer({ of, spec }: Pod): Container {
  const [container, more] = spec.containers;
  if (container !== undefined && more === undefined) return container;
  throw new Error(`${of.metadata.name} has not one container`);
}
