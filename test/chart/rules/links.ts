/**
 * Objects that name each other: selectors find pods, ports are there, what is mounted is a volume,
 * what is a path lies under a mount. Each problem is a sentence that names the object.
 */
import { podsOf, type Container, type KubeObject, type Labels, type Pod } from '../objects.ts';
import { z } from 'zod';

const labelsSchema = z.record(z.string(), z.string());
const matchSchema = z.object({ matchLabels: labelsSchema });

export function linkProblems(objects: readonly KubeObject[]): string[] {
  const pods = podsOf(objects);
  return [
    ...objects.flatMap((object) => selectorProblems(object, pods)),
    ...objects.flatMap((object) => portProblems(object, pods)),
    ...objects.flatMap((object) => scaledProblems(object, objects)),
    ...pods.flatMap(mountProblems),
    ...pods.flatMap(({ of, spec }) => spec.containers.flatMap((one) => probeProblems(of, one))),
  ];
}

function selectorProblems(object: KubeObject, pods: readonly Pod[]): string[] {
  const selected = selectorOf(object);
  if (selected === undefined || object.kind === 'ServiceMonitor') return [];
  const found = pods.filter(({ labels }) => matches(selected, labels));
  if (found.length === 0) return [`${nameOf(object)}: its selector finds no pod`];
  const own = podsOf([object])[0];
  if (own !== undefined && !found.includes(own) && !matches(selected, own.labels)) {
    return [`${nameOf(object)}: its selector does not find its own pods`];
  }
  const components = new Set(found.map(({ labels }) => labels['app.kubernetes.io/component']));
  return components.size === 1 ? [] : [`${nameOf(object)}: its selector finds others' pods`];
}

function selectorOf({ kind, spec }: KubeObject): Labels | undefined {
  if (spec?.podSelector !== undefined) return spec.podSelector.matchLabels;
  if (spec?.selector === undefined) return undefined;
  if (kind === 'Service') return labelsSchema.parse(spec.selector);
  return matchSchema.parse(spec.selector).matchLabels;
}

function portProblems(object: KubeObject, pods: readonly Pod[]): string[] {
  if (object.kind !== 'Service') return [];
  const selected = selectorOf(object) ?? {};
  const named = pods
    .filter(({ labels }) => matches(selected, labels))
    .flatMap(({ spec }) => spec.containers.flatMap(({ ports }) => ports.map(({ name }) => name)));
  return (object.spec?.ports ?? [])
    .filter(({ targetPort }) => !named.includes(String(targetPort)))
    .map(({ targetPort }) => `${nameOf(object)}: no container has the port ${targetPort}`);
}

function scaledProblems(object: KubeObject, objects: readonly KubeObject[]): string[] {
  const target = object.spec?.scaleTargetRef?.name;
  if (target === undefined) return [];
  const found = objects.find(({ kind, metadata }) => {
    return kind === 'Deployment' && metadata.name === target;
  });
  if (found === undefined) return [`${nameOf(object)}: it scales ${target}, which is not there`];
  const isFixed = found.spec?.['replicas'] !== undefined;
  return isFixed ? [`${nameOf(object)}: ${target} says how many replicas it has`] : [];
}

function mountProblems({ of, spec }: Pod): string[] {
  const volumes = spec.volumes.map(({ name }) => name);
  return spec.containers.flatMap((container) => {
    const mounts = container.volumeMounts;
    const lost = mounts.filter(({ name }) => !volumes.includes(name));
    const paths = pathsOf(container).filter(
      (path) => !mounts.some(({ mountPath }) => path.startsWith(`${mountPath}/`)),
    );
    return [
      ...lost.map(({ name }) => `${nameOf(of)}: mounts ${name}, which is no volume`),
      ...paths.map((path) => `${nameOf(of)}: names ${path}, where nothing is mounted`),
    ];
  });
}

function pathsOf({ env }: Container): string[] {
  return env.flatMap(({ value = '' }) => value.match(/\/etc\/bank\/[^&?"]+/g) ?? []);
}

function probeProblems(of: KubeObject, { readinessProbe, ports, name }: Container): string[] {
  const asked = readinessProbe?.grpc?.port;
  if (asked === undefined || ports.some(({ containerPort }) => containerPort === asked)) return [];
  return [`${nameOf(of)}: the probe of ${name} asks port ${asked}, which it has not`];
}

function matches(selected: Labels, labels: Labels): boolean {
  return Object.entries(selected).every(([name, value]) => labels[name] === value);
}

export function nameOf({ kind, metadata }: KubeObject): string {
  return `${kind} ${metadata.name}`;
}
