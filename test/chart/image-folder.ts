/**
 * The image as a folder, for a machine without containers: what the Dockerfile copies, the packages
 * that it installs, and how it starts what it is told. All of it is read from the Dockerfile and
 * its list, so that it cannot be another image.
 */
import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { runTool } from '#deploy/local/run-tool.ts';
import { imagePaths, ROOT } from './image-files.ts';

const DOCKERFILE = join(ROOT, 'deploy/image/Dockerfile');
const NODE_IN_IMAGE = '/nodejs/bin/node';
const COPY_TIMEOUT_MS = 60_000;
const INSTALL_TIMEOUT_MS = 5 * 60_000;

export type ImageFolder = {
  readonly path: string;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly healthcheck: readonly string[];
  readonly env: Readonly<Record<string, string>>;
};

/** `install`: by npm as the Dockerfile says; else the same packages of this checkout, linked. */
export async function makeImageFolder(path: string, install = false): Promise<ImageFolder> {
  for (const name of imagePaths()) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    cpSync(join(ROOT, name), join(path, name), { recursive: true });
  }
  const lines = readFileSync(DOCKERFILE, 'utf8').replaceAll('\\\n', ' ').split('\n');
  if (install) await installPackages(path, lines);
  else await linkPackages(path);
  return {
    path,
    entrypoint: listOf(lines, /^ENTRYPOINT (\[.*\])$/),
    command: listOf(lines, /^CMD (\[.*\])$/),
    healthcheck: listOf(lines, /^HEALTHCHECK .*CMD (\[.*\])$/),
    env: envOf(lines),
  };
}

/** The program and its arguments on this machine: this Node is the image's. */
export function startOf(words: readonly string[]): string[] {
  const [program, ...args] = words;
  if (program !== NODE_IN_IMAGE) throw new Error(`${program} is not in the image`);
  return [process.execPath, ...args];
}

function listOf(lines: readonly string[], pattern: RegExp): string[] {
  const found = lines.map((line) => pattern.exec(line)?.[1]).find((text) => text !== undefined);
  const list: unknown = JSON.parse(found ?? 'null');
  return z.array(z.string()).parse(list);
}

function envOf(lines: readonly string[]): Record<string, string> {
  const text = lines.find((line) => line.startsWith('ENV '))?.slice('ENV '.length) ?? '';
  const pairs = text.split(' ').map((pair): [string, string] => {
    const [name = '', value = ''] = pair.split('=', 2);
    return [name, value];
  });
  return Object.fromEntries(pairs);
}

async function installPackages(path: string, lines: readonly string[]): Promise<void> {
  const command = lines.find((line) => line.startsWith('RUN npm ci'))?.slice('RUN '.length);
  const options = { timeoutMs: INSTALL_TIMEOUT_MS, missing: 'There is no npm on the PATH' };
  await runTool('env', ['-C', path, ...(command?.split(' ') ?? [])], options);
}

const lockSchema = z.object({
  packages: z.record(
    z.string(),
    z.object({ dev: z.boolean().default(false), devOptional: z.boolean().default(false) }),
  ),
});

/** Those that the lockfile says are there without development, and that this machine has. */
async function linkPackages(path: string): Promise<void> {
  const lock: unknown = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'));
  const names = Object.entries(lockSchema.parse(lock).packages)
    .filter(([name, { dev, devOptional }]) => isTop(name) && !dev && !devOptional)
    .map(([name]) => name);
  const options = { timeoutMs: COPY_TIMEOUT_MS, missing: 'There is no cp' };
  const args = ['-C', ROOT, 'cp', '--recursive', '--link', '--parents', ...names, path];
  await runTool('env', args, options);
}

/** A package in another's folder comes with that one. */
function isTop(name: string): boolean {
  return name.lastIndexOf('node_modules/') === 0;
}
