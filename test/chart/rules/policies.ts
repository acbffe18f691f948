/**
 * Network policies let out what the containers are told to reach: each address and URL among a
 * pod's variables has a port that the pod's policy names. A pod without a policy, where others have
 * one, is a problem, too.
 */
import { z } from 'zod';
import { isDevPart, podsOf, type Container, type KubeObject, type Pod } from '../objects.ts';
import { nameOf } from './links.ts';

const policySchema = z.object({
  podSelector: z.object({ matchLabels: z.record(z.string(), z.string()) }),
  egress: z.array(z.object({ ports: z.array(z.object({ port: z.number() })) })),
});
const REACHED = /^(BANK_.*(_ADDRESS|_URL|_BROKERS)|BANK_AUTH_JWKS|BOOTSTRAP_SERVERS)$/;
const HTTPS_PORT = 443;

export function policyProblems(objects: readonly KubeObject[]): string[] {
  const policies = objects
    .filter(({ kind }) => kind === 'NetworkPolicy')
    .map(({ spec }) => policySchema.parse(spec));
  if (policies.length === 0) return [];
  const pods = podsOf(objects).filter(({ of }) => !isDevPart(of));
  return pods.flatMap((pod) => {
    const own = policies.filter(({ podSelector }) => selects(podSelector.matchLabels, pod));
    if (own.length === 0) return [`${nameOf(pod.of)}: no network policy is about it`];
    const open = own.flatMap(({ egress }) => egress.flatMap(({ ports }) => ports));
    return pod.spec.containers
      .flatMap(reachedBy)
      .filter(([, wanted]) => !open.some(({ port }) => port === wanted))
      .map(([name, wanted]) => `${nameOf(pod.of)}: its policy keeps ${name} from port ${wanted}`);
  });
}

function selects(labels: Readonly<Record<string, string>>, pod: Pod): boolean {
  return Object.entries(labels).every(([name, value]) => pod.labels[name] === value);
}

/** Each variable with each port that its value names. */
function reachedBy({ env }: Container): (readonly [string, number])[] {
  return env
    .filter(({ name, value }) => value !== undefined && REACHED.test(name))
    .flatMap(({ name, value = '' }) => portsIn(value).map((port) => [name, port] as const));
}

function portsIn(value: string): number[] {
  if (value.startsWith('/')) return []; // a file
  return value.split(',').map((address) => {
    const url = new URL(address.includes('://') ? address : `tcp://${address}`);
    return url.port === '' ? HTTPS_PORT : Number(url.port);
  });
}
