/**
 * npm run check:kubernetes: installs, upgrades, rolls back, tests and uninstalls the chart by the
 * real helm on a real kube-apiserver, and prints the objects after each. There are no nodes: Jobs
 * and Pods are said to be done (finished-work.ts), nothing runs. The namespace enforces Pod
 * Security `restricted`. Exit code 1 when anything is not as it must be.
 */
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { errorText } from '#deploy/error-text.ts';
import { progressLines } from '#deploy/local/progress.ts';
import { runTool } from '#deploy/local/run-tool.ts';
import { CHART } from '#test/chart/render-chart.ts';
import { startControlPlane, type ControlPlane } from './control-plane.ts';
import { finishWork } from './finished-work.ts';
import { findKubernetesTools, KUBERNETES_VERSION } from './kubernetes-tools.ts';

const NAMESPACE = 'ledger';
const HELM_TIMEOUT_MS = 5 * 60_000;
const VALUES = fileURLToPath(new URL('../chart/values/required.yaml', import.meta.url));
const DEV_VALUES = `${CHART}values-dev.yaml`;
const SELECTOR = 'labelSelector=app.kubernetes.io%2Finstance%3Dbank';
const KINDS = {
  ConfigMap: '/api/v1',
  Deployment: '/apis/apps/v1',
  Job: '/apis/batch/v1',
  NetworkPolicy: '/apis/networking.k8s.io/v1',
  Pod: '/api/v1',
  PodDisruptionBudget: '/apis/policy/v1',
  Secret: '/api/v1',
  Service: '/api/v1',
  ServiceAccount: '/api/v1',
} as const;
const PLURALS: Readonly<Record<string, string>> = { NetworkPolicy: 'networkpolicies' };

const listSchema = z.object({
  items: z.array(z.object({ metadata: z.object({ name: z.string() }) })),
});
const deploymentSchema = z.object({
  spec: z.object({
    replicas: z.number(),
    template: z.object({
      spec: z.object({ containers: z.array(z.object({ image: z.string() })) }),
    }),
  }),
});
const secretSchema = z.object({ data: z.record(z.string(), z.string()) });

type Helm = (...args: string[]) => Promise<string>;

async function check(plane: ControlPlane, helm: Helm): Promise<void> {
  await makeNamespace(plane);
  const bare = await helm('install', 'bank', CHART).then(
    () => 'installed',
    (error: unknown) => errorText(error),
  );
  expectThat('a bare install is refused', bare.includes('banking-es cannot be installed so'));

  await helm('install', 'bank', CHART, '-f', VALUES);
  await printObjects(plane, 'after install');
  expectThat('two replicas of 0.1.0', (await commandOf(plane)) === '2 banking-es:0.1.0');
  const newer = ['--set', 'image.tag=0.2.0', '--set', 'command.replicas=3'];
  await helm('upgrade', 'bank', CHART, '-f', VALUES, ...newer);
  await printObjects(plane, 'after upgrade');
  expectThat('three replicas of 0.2.0', (await commandOf(plane)) === '3 banking-es:0.2.0');
  await helm('rollback', 'bank', '1');
  expectThat('rolled back to both', (await commandOf(plane)) === '2 banking-es:0.1.0');
  await helm('test', 'bank');
  console.info(await helm('history', 'bank'));
  await helm('uninstall', 'bank');
  await expectNothing(plane);

  await helm('install', 'bank', CHART, '-f', DEV_VALUES);
  await printObjects(plane, 'after install with values-dev.yaml');
  const certificate = await certificateOf(plane);
  await helm('upgrade', 'bank', CHART, '-f', DEV_VALUES);
  const isKept = certificate === (await certificateOf(plane));
  expectThat('an upgrade keeps the certificates that were made', isKept);
  await helm('uninstall', 'bank');
  await expectNothing(plane);
}

async function makeNamespace({ call }: ControlPlane): Promise<void> {
  const labels = {
    'pod-security.kubernetes.io/enforce': 'restricted',
    'pod-security.kubernetes.io/warn': 'restricted',
  };
  const metadata = { name: NAMESPACE, labels };
  await call('POST', '/api/v1/namespaces', { metadata });
}

async function objectsOf({ call }: ControlPlane): Promise<[string, string[]][]> {
  const asked = Object.entries(KINDS).map(async ([kind, group]): Promise<[string, string[]]> => {
    const plural = PLURALS[kind] ?? `${kind.toLowerCase()}s`;
    const path = `${group}/namespaces/${NAMESPACE}/${plural}?${SELECTOR}`;
    const { items } = listSchema.parse(await call('GET', path));
    return [kind, items.map(({ metadata }) => metadata.name).toSorted()];
  });
  return (await Promise.all(asked)).filter(([, names]) => names.length > 0);
}

async function printObjects(plane: ControlPlane, when: string): Promise<void> {
  console.info(`\n${when}:`);
  for (const [kind, names] of await objectsOf(plane))
    console.info(`  ${kind}: ${names.join(', ')}`);
}

async function expectNothing(plane: ControlPlane): Promise<void> {
  const left = await objectsOf(plane);
  expectThat(`nothing is left after uninstall: ${JSON.stringify(left)}`, left.length === 0);
}

async function commandOf({ call }: ControlPlane): Promise<string> {
  const path = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/bank-banking-es-command`;
  const { spec } = deploymentSchema.parse(await call('GET', path));
  return `${spec.replicas} ${spec.template.spec.containers[0]?.image}`;
}

async function certificateOf({ call }: ControlPlane): Promise<string | undefined> {
  const path = `/api/v1/namespaces/${NAMESPACE}/secrets/bank-banking-es-dev-tls`;
  return secretSchema.parse(await call('GET', path)).data['tls.crt'];
}

function expectThat(what: string, isSo: boolean): void {
  console.info(`${isSo ? 'yes' : 'NO'}: ${what}`);
  if (!isSo) process.exitCode = 1;
}

function helmOf(helm: string, kubeconfig: string): Helm {
  const env = { KUBECONFIG: kubeconfig, HELM_NAMESPACE: NAMESPACE };
  return async (...args) => {
    console.info(`\n$ helm ${args.join(' ').replaceAll(CHART, 'deploy/helm/banking-es/')}`);
    const { stdout, stderr } = await runTool(helm, args, {
      timeoutMs: HELM_TIMEOUT_MS,
      missing: helm,
      env,
    });
    const warnings = stderr.split('\n').filter((line) => /warn/i.test(line));
    for (const warning of warnings) expectThat(`no warning: ${warning}`, false);
    return stdout;
  };
}

try {
  const tools = await findKubernetesTools(progressLines);
  const plane = await startControlPlane(tools, progressLines);
  console.info(`kube-apiserver ${KUBERNETES_VERSION} answers`);
  const done = new AbortController();
  const finishing = finishWork(plane, NAMESPACE, done.signal);
  try {
    await check(plane, helmOf(tools.helm, plane.kubeconfig));
  } finally {
    done.abort();
    console.info(`\nsaid to be done: ${(await finishing).join(', ')}`);
    await plane.stop();
  }
} catch (error) {
  console.error(errorText(error));
  process.exitCode = 1;
}
