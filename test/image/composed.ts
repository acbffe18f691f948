/**
 * The services and jobs of compose.yaml that run the image, as pods of one container, to be run as
 * processes (test/chart/pod-processes.ts).
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { ROOT } from '#test/chart/image-files.ts';
import type { ImageFolder } from '#test/chart/image-folder.ts';
import { objectSchema, podSpecSchema, type Pod } from '#test/chart/objects.ts';

export const COMPOSE_FILE = join(ROOT, 'deploy/compose/compose.yaml');

const fileSchema = z.object({
  services: z.record(
    z.string(),
    z.object({
      image: z.string(),
      command: z.array(z.string()).default([]),
      environment: z.record(z.string(), z.union([z.string(), z.number()])).default({}),
    }),
  ),
});

export function composedPods({ healthcheck }: ImageFolder): Map<string, Pod> {
  const file: unknown = parse(readFileSync(COMPOSE_FILE, 'utf8'), { merge: true });
  const own = Object.entries(fileSchema.parse(file).services).filter(([, { image }]) =>
    image.startsWith('banking-es:'),
  );
  return new Map(
    own.map(([name, { image, command, environment }]) => {
      const env = Object.entries(environment).map(([variable, value]) => {
        return { name: variable, value: String(value) };
      });
      const readinessProbe = { exec: { command: healthcheck } };
      const container = { name, image, args: command, env, readinessProbe };
      const spec = podSpecSchema.parse({ containers: [container] });
      const of = objectSchema.parse({ apiVersion: 'v1', kind: 'Pod', metadata: { name } });
      return [name, { of, labels: {}, spec }];
    }),
  );
}
