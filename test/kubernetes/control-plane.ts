/**
 * An etcd and a kube-apiserver as processes of this machine: objects are stored, defaulted,
 * validated and admitted as anywhere, and nothing runs, for there is no node and no controller.
 */
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from '#deploy/local/guarded-process.ts';
import { Part } from '#deploy/local/part.ts';
import { freePort, isListening } from '#deploy/local/ports.ts';
import type { Progress } from '#deploy/local/progress.ts';
import { callHttp } from '#platform/http-call.ts';
import type { KubernetesTools } from './kubernetes-tools.ts';

const TOKEN = 'of-this-run';
const READY_TIMEOUT_MS = 120_000;
const GRACE_MS = 10_000;
const CALL_TIMEOUT_MS = 10_000;

export type ControlPlane = {
  /** For helm. */
  readonly kubeconfig: string;
  /** Answers the parsed JSON of a 2xx answer. */
  call(method: string, path: string, body?: object): Promise<unknown>;
  stop(): Promise<void>;
};

export async function startControlPlane(
  tools: KubernetesTools,
  progress: Progress,
): Promise<ControlPlane> {
  const folder = mkdtempSync(join(tmpdir(), 'banking-es-kubernetes-'));
  const [client, peer, port] = [await freePort(), await freePort(), await freePort()];
  const newPart = (name: string, file: string, args: string[], isReady: () => Promise<boolean>) => {
    const command = (): Promise<Command> =>
      Promise.resolve({ file, args, cwd: folder, env: { ETCD_UNSUPPORTED_ARCH: process.arch } });
    const stopSignal = 'SIGTERM' as const;
    const ending = { readyTimeoutMs: READY_TIMEOUT_MS, stopSignal, graceMs: GRACE_MS };
    const spec = {
      name,
      command,
      isReady,
      logFile: join(folder, `${name}.log`),
      ...ending,
    } as const;
    return new Part(spec, { progress, restarts: false, onGivenUp: () => undefined });
  };
  const call = caller(`https://127.0.0.1:${port}?ca_file=${join(folder, 'certs/apiserver.crt')}`);
  const etcd = newPart('etcd', tools.etcd, etcdFlags(folder, client, peer), () =>
    isListening(client),
  );
  const apiserver = newPart('kube-apiserver', tools.apiserver, flags(folder, client, port), () =>
    call('GET', '/api/v1/namespaces/default').then(() => true),
  );
  const stop = async (): Promise<void> => {
    await apiserver.stop();
    await etcd.stop();
    rmSync(folder, { recursive: true });
  };
  try {
    await etcd.start();
    await apiserver.start();
  } catch (error) {
    await stop();
    throw error;
  }
  return { kubeconfig: writeKubeconfig(folder, port), call, stop };
}

function etcdFlags(folder: string, client: number, peer: number): string[] {
  const [clientUrl, peerUrl] = [`http://127.0.0.1:${client}`, `http://127.0.0.1:${peer}`];
  return [
    `--data-dir=${join(folder, 'etcd')}`,
    `--listen-client-urls=${clientUrl}`,
    `--advertise-client-urls=${clientUrl}`,
    `--listen-peer-urls=${peerUrl}`,
    `--initial-advertise-peer-urls=${peerUrl}`,
    `--initial-cluster=default=${peerUrl}`,
  ];
}

function flags(folder: string, client: number, port: number): string[] {
  mkdirSync(join(folder, 'certs'));
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const key = join(folder, 'accounts.key');
  writeFileSync(key, privateKey.export({ type: 'pkcs1', format: 'pem' }), { mode: 0o600 });
  const tokens = join(folder, 'tokens.csv');
  writeFileSync(tokens, `${TOKEN},operator,operator,system:masters\n`, { mode: 0o600 });
  return [
    `--etcd-servers=http://127.0.0.1:${client}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${port}`,
    `--cert-dir=${join(folder, 'certs')}`,
    `--token-auth-file=${tokens}`,
    '--authorization-mode=AlwaysAllow',
    '--service-account-issuer=https://kubernetes.example',
    `--service-account-key-file=${key}`,
    `--service-account-signing-key-file=${key}`,
    '--service-cluster-ip-range=10.0.0.0/24',
    '--disable-admission-plugins=ServiceAccount',
  ];
}

function writeKubeconfig(folder: string, port: number): string {
  const path = join(folder, 'kubeconfig');
  const cluster = {
    server: `https://127.0.0.1:${port}`,
    'certificate-authority': join(folder, 'certs/apiserver.crt'),
  };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'run', cluster }],
    users: [{ name: 'run', user: { token: TOKEN } }],
    contexts: [{ name: 'run', context: { cluster: 'run', user: 'run' } }],
    'current-context': 'run',
  };
  writeFileSync(path, JSON.stringify(config), { mode: 0o600 });
  return path;
}

function caller(url: string): ControlPlane['call'] {
  return async (method, path, body) => {
    const patch = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': patch };
    const signal = AbortSignal.timeout(CALL_TIMEOUT_MS);
    const content = body === undefined ? {} : { body: JSON.stringify(body) };
    const answer = await callHttp(url, path, { method, headers, signal, ...content });
    const parsed: unknown = answer.ok ? JSON.parse(answer.text) : undefined;
    if (answer.ok) return parsed;
    throw new Error(`${method} ${path} answered ${answer.status}: ${answer.text.slice(0, 500)}`);
  };
}
