/**
 * npm run generate:schemas: writes test/fixtures/kubernetes/, by which kubeconform checks the
 * chart: strict JSON schemas of the kinds that it uses, for two versions of Kubernetes and one of
 * the Prometheus operator, each taken from its Go module. Run it when the chart uses another kind.
 */
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { z } from 'zod';
import { runTool } from '#deploy/local/run-tool.ts';
import { definitionsFor, schemaObject, strictSchema, type Schema } from './schema-parts.ts';

const FOLDER = fileURLToPath(new URL('../fixtures/kubernetes/', import.meta.url));
const VERSIONS = ['1.31.14', '1.34.2'];
const OPERATOR = 'github.com/prometheus-operator/prometheus-operator';
const OPERATOR_VERSION = 'v0.86.1';
const DOWNLOAD_TIMEOUT_MS = 10 * 60_000;
/** As they are called in Kubernetes' definitions, and in kubeconform's names of files. */
const KINDS: Readonly<Record<string, string>> = {
  'io.k8s.api.apps.v1.Deployment': 'deployment-apps-v1',
  'io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler': 'horizontalpodautoscaler-autoscaling-v2',
  'io.k8s.api.batch.v1.Job': 'job-batch-v1',
  'io.k8s.api.core.v1.ConfigMap': 'configmap-v1',
  'io.k8s.api.core.v1.Pod': 'pod-v1',
  'io.k8s.api.core.v1.Secret': 'secret-v1',
  'io.k8s.api.core.v1.Service': 'service-v1',
  'io.k8s.api.core.v1.ServiceAccount': 'serviceaccount-v1',
  'io.k8s.api.networking.v1.NetworkPolicy': 'networkpolicy-networking-v1',
  'io.k8s.api.policy.v1.PodDisruptionBudget': 'poddisruptionbudget-policy-v1',
};
const OPERATOR_KINDS = ['prometheusrules', 'servicemonitors'];

const swaggerSchema = z.object({ definitions: z.record(z.string(), schemaObject) });
const moduleSchema = z.object({ Dir: z.string() });
const resourceSchema = z.object({
  spec: z.object({
    names: z.object({ kind: z.string() }),
    versions: z.array(
      z.object({ name: z.string(), schema: z.object({ openAPIV3Schema: schemaObject }) }),
    ),
  }),
});

rmSync(FOLDER, { recursive: true, force: true });
for (const version of VERSIONS) await writeKubernetes(version);
await writeOperator();

async function writeKubernetes(version: string): Promise<void> {
  const folder = await moduleFolder(`k8s.io/kubernetes@v${version}`);
  const swagger: unknown = JSON.parse(
    readFileSync(join(folder, 'api/openapi-spec/swagger.json'), 'utf8'),
  );
  const { definitions } = swaggerSchema.parse(swagger);
  const into = join(FOLDER, `v${version}`);
  const needed = definitionsFor(definitions, Object.keys(KINDS));
  const strict = (name: string): Schema =>
    strictSchema(definitions[name] ?? {}, (other) => `#/definitions/${other}`);
  const all = Object.fromEntries(needed.map((name) => [name, strict(name)]));
  write(into, '_definitions.json', { definitions: all });
  for (const [name, file] of Object.entries(KINDS)) {
    write(into, `${file}.json`, { $ref: `_definitions.json#/definitions/${name}` });
  }
}

async function writeOperator(): Promise<void> {
  const folder = await moduleFolder(`${OPERATOR}@${OPERATOR_VERSION}`);
  const definitions = join(folder, 'example/prometheus-operator-crd');
  const files = readdirSync(definitions).filter((file) =>
    OPERATOR_KINDS.some((kind) => file.endsWith(`_${kind}.yaml`)),
  );
  for (const file of files) {
    const text: unknown = parse(readFileSync(join(definitions, file), 'utf8'));
    const { names, versions } = resourceSchema.parse(text).spec;
    for (const { name, schema } of versions) {
      const strict = strictSchema(schema.openAPIV3Schema, (other) => other);
      write(
        join(FOLDER, 'operator'),
        `${names.kind.toLowerCase()}-monitoring-${name}.json`,
        strict,
      );
    }
  }
}

async function moduleFolder(module: string): Promise<string> {
  const { stdout } = await runTool('go', ['mod', 'download', '-json', module], {
    timeoutMs: DOWNLOAD_TIMEOUT_MS,
    missing: 'There is no Go on the PATH',
  });
  const answer: unknown = JSON.parse(stdout);
  return moduleSchema.parse(answer).Dir;
}

function write(folder: string, file: string, schema: Schema): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, file), `${JSON.stringify(schema)}\n`);
}
