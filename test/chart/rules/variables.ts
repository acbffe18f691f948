/**
 * What the containers are told: each variable is one that the code of that container reads, none
 * has a secret in plain text, and each file that is started is in the image.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDevPart, podsOf, type Container, type KubeObject } from '../objects.ts';
import { isInImage } from '../image-files.ts';
import { nameOf } from './links.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
/** Of other programs: of pg, of Node's libraries, of the Debezium image. */
const OTHERS = /^(PGPASSWORD|OTEL_.*|SSL_CERT_FILE)$/;
const SECRET_NAME = /(PASSWORD|SECRET|TOKEN|KEY|KEK)$|^BANK_REDIS_URL$|^BANK_ADMIN_/;
const NOT_SECRET = /^(\$\(|\/|>)/;

export function variableProblems(objects: readonly KubeObject[]): string[] {
  const secrets = objects
    .filter((object) => object.kind === 'Secret' && !isDevPart(object))
    .map((object) => `${nameOf(object)}: a chart has no secrets of its own`);
  const pods = podsOf(objects).flatMap(({ of, spec }) =>
    spec.containers.flatMap((container) =>
      [...plainProblems(container), ...(isOurs(container) ? ourProblems(container) : [])].map(
        (problem) => `${nameOf(of)}: ${problem}`,
      ),
    ),
  );
  return [...secrets, ...pods];
}

function isOurs({ image }: Container): boolean {
  return /^banking-es[:@]/.test(image);
}

function ourProblems(container: Container): string[] {
  const [entry = ''] = container.args;
  if (!isInImage(entry)) return [`${entry} is not in the image`];
  const known = namesIn(entry);
  const unknown = container.env.filter(({ name }) => !known.has(name) && !OTHERS.test(name));
  const twice = container.env.filter(({ name }, index) => {
    return container.env.findIndex((other) => other.name === name) !== index;
  });
  return [
    ...unknown.map(({ name }) => `${entry} reads no ${name}`),
    ...twice.map(({ name }) => `${name} is said twice`),
  ];
}

function plainProblems({ env }: Container): string[] {
  return env
    .filter(({ name, value = '' }) => {
      const isSecret = SECRET_NAME.test(name) && value !== '' && !NOT_SECRET.test(value);
      return isSecret || /:\/\/[^/@\s]*:[^/@\s]*@/.test(value);
    })
    .map(({ name }) => `${name} has a secret in plain text`);
}

const namesByFolder = new Map<string, Set<string>>();

/** Every variable that is named in the folder of what is started, or in what all services share. */
function namesIn(entry: string): Set<string> {
  const folder = entry.split('/')[0] ?? '';
  const names = namesByFolder.get(folder) ?? new Set<string>();
  if (names.size > 0) return names;
  namesByFolder.set(folder, names);
  for (const one of [folder, 'platform']) {
    const files = readdirSync(join(ROOT, one), { recursive: true, encoding: 'utf8' });
    for (const file of files.filter((path) => path.endsWith('.ts'))) {
      const text = readFileSync(join(ROOT, one, file), 'utf8');
      for (const [name] of text.matchAll(/BANK_[A-Z_]*[A-Z]/g)) names.add(name);
    }
  }
  return names;
}
