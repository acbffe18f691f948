/**
 * What every pod of the chart is: as Pod Security `restricted` asks, with a root that nobody
 * writes to, with what it needs named, with time to drain. Each problem names the object.
 */
import { isDevPart, podsOf, type Container, type KubeObject, type Pod } from '../objects.ts';
import { nameOf } from './links.ts';

/** Of a service, from SIGTERM to its exit (platform/lifecycle.ts), and what stands around it. */
const DRAIN_SECONDS = 9;
/** A client looks for a replica again within 2.4 s (docs/upgrade.md). */
const FOUND_AGAIN_SECONDS = 3;
const VOLUME_KINDS = ['secret', 'configMap', 'emptyDir', 'projected', 'persistentVolumeClaim'];

export function podProblems(objects: readonly KubeObject[]): string[] {
  return podsOf(objects).flatMap((pod) => {
    const problems = [
      ...restrictedProblems(pod),
      ...pod.spec.containers.flatMap((container) => containerProblems(pod, container)),
      ...drainProblems(pod),
    ];
    return problems.map((problem) => `${nameOf(pod.of)}: ${problem}`);
  });
}

function restrictedProblems({ spec }: Pod): string[] {
  const { securityContext: security, automountServiceAccountToken: token } = spec;
  const kinds = spec.volumes.flatMap((volume) =>
    Object.keys(volume).filter((key) => key !== 'name' && !VOLUME_KINDS.includes(key)),
  );
  const host = Object.keys(spec).filter((key) => key.startsWith('host'));
  return [
    ...(security['runAsNonRoot'] === true ? [] : ['may run as root']),
    ...(Number(security['runAsUser']) > 0 ? [] : ['names no user']),
    ...(JSON.stringify(security['seccompProfile']) === '{"type":"RuntimeDefault"}'
      ? []
      : ['has no seccomp profile']),
    ...(token === false ? [] : ['has a token of the service account']),
    ...kinds.map((kind) => `has a volume of kind ${kind}`),
    ...host.map((key) => `says ${key}`),
  ];
}

function containerProblems({ of }: Pod, container: Container): string[] {
  const { securityContext: security, resources, name } = container;
  const isOurs = !isDevPart(of);
  const problems = [
    ...(security['allowPrivilegeEscalation'] === false ? [] : ['may gain privileges']),
    ...(JSON.stringify(security['capabilities']) === '{"drop":["ALL"]}' ? [] : ['capabilities']),
    ...(!isOurs || security['readOnlyRootFilesystem'] === true ? [] : ['may write to its root']),
    ...(resources.requests?.['cpu'] === undefined ? ['asks for no cpu'] : []),
    ...(resources.requests?.['memory'] === undefined ? ['asks for no memory'] : []),
    ...(resources.limits?.['memory'] === undefined ? ['has no limit of memory'] : []),
    ...(/(:[^/]+|@sha256:[0-9a-f]+)$/.test(container.image) ? [] : ['its image has no tag']),
    ...(container.image.endsWith(':latest') ? ['its image is latest'] : []),
  ];
  return problems.map((problem) => `${name} ${problem}`);
}

/** Services only: they have a hook before their end. */
function drainProblems({ of, spec }: Pod): string[] {
  const grace = spec.terminationGracePeriodSeconds ?? 30;
  return spec.containers.flatMap(({ lifecycle, args, readinessProbe, livenessProbe }) => {
    if (!/^(command|query|projector)-svc\/main\.ts$/.test(args[0] ?? '')) return [];
    const before = lifecycle?.preStop.sleep.seconds ?? 0;
    return [
      ...(grace > before + DRAIN_SECONDS ? [] : [`${grace} s are too few to drain`]),
      ...(readinessProbe === undefined || livenessProbe === undefined ? ['has no probes'] : []),
      ...(of.kind === 'Deployment' ? [] : ['is no Deployment']),
      ...(Number(of.spec?.['minReadySeconds'] ?? 0) >= FOUND_AGAIN_SECONDS
        ? []
        : ['the next replica goes before clients have found the last one']),
    ];
  });
}
