/**
 * Kubernetes' objects as far as the chart's rules look at them: parsed from what Helm rendered,
 * then trusted. kubeconform holds the rest against Kubernetes' own schemas.
 */
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';

const labels = z.record(z.string(), z.string()).default({});
const port = z.union([z.string(), z.number()]);
const named = z.object({ name: z.string() });

export const envSchema = z.object({
  name: z.string(),
  value: z.string().optional(),
  valueFrom: z
    .object({ secretKeyRef: z.object({ name: z.string(), key: z.string() }).optional() })
    .optional(),
});
const probe = z
  .object({
    exec: z.object({ command: z.array(z.string()) }).optional(),
    grpc: z.object({ port: z.number() }).optional(),
    tcpSocket: z.object({ port }).optional(),
  })
  .optional();

const container = z.object({
  name: z.string(),
  image: z.string(),
  command: z.array(z.string()).optional(),
  args: z.array(z.string()).default([]),
  env: z.array(envSchema).default([]),
  ports: z.array(z.object({ name: z.string(), containerPort: z.number() })).default([]),
  readinessProbe: probe,
  livenessProbe: probe,
  lifecycle: z
    .object({ preStop: z.object({ sleep: z.object({ seconds: z.number() }) }) })
    .optional(),
  securityContext: z.record(z.string(), z.unknown()).default({}),
  resources: z.object({ requests: labels.optional(), limits: labels.optional() }).default({}),
  volumeMounts: z.array(named.extend({ mountPath: z.string() })).default([]),
});

const item = z.object({ key: z.string(), path: z.string() });
const volume = z.looseObject({
  name: z.string(),
  secret: z.object({ secretName: z.string(), items: z.array(item).optional() }).optional(),
  configMap: named.optional(),
  emptyDir: z.unknown().optional(),
});

export const podSpecSchema = z.object({
  automountServiceAccountToken: z.boolean().optional(),
  terminationGracePeriodSeconds: z.number().optional(),
  securityContext: z.record(z.string(), z.unknown()).default({}),
  containers: z.array(container),
  volumes: z.array(volume).default([]),
});

const metadata = z.object({ name: z.string(), labels, annotations: labels });

export const objectSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata,
  data: labels.optional(),
  stringData: labels.optional(),
  spec: z
    .looseObject({
      clusterIP: z.string().optional(),
      selector: z.unknown().optional(),
      podSelector: z.object({ matchLabels: labels }).optional(),
      scaleTargetRef: named.optional(),
      ports: z
        .array(z.object({ name: z.string(), targetPort: port, appProtocol: z.string().optional() }))
        .optional(),
      template: z.object({ metadata: z.object({ labels }), spec: podSpecSchema }).optional(),
      groups: z.array(z.unknown()).optional(),
    })
    .optional(),
});

export type KubeObject = z.infer<typeof objectSchema>;
export type PodSpec = z.infer<typeof podSpecSchema>;
export type Container = PodSpec['containers'][number];
export type Pod = { readonly of: KubeObject; readonly labels: Labels; readonly spec: PodSpec };
export type Labels = Readonly<Record<string, string>>;

export function parseObjects(text: string): KubeObject[] {
  return parseAllDocuments(text)
    .filter(({ contents }) => contents !== null)
    .map((document) => objectSchema.parse(document.toJS()));
}

/** Of Deployments and Jobs, and those that stand alone. */
export function podsOf(objects: readonly KubeObject[]): Pod[] {
  return objects.flatMap((of): Pod[] => {
    const template = of.spec?.template;
    if (template !== undefined) {
      return [{ of, labels: template.metadata.labels, spec: template.spec }];
    }
    if (of.kind !== 'Pod') return [];
    return [{ of, labels: of.metadata.labels, spec: podSpecSchema.parse(of.spec) }];
  });
}

/** Parts of values-dev.yaml are not ours to harden. */
export function isDevPart({ metadata }: KubeObject): boolean {
  return metadata.labels['app.kubernetes.io/component']?.startsWith('dev') ?? false;
}
