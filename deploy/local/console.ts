/**
 * The operator's page beside a mesh, as one more part of it: told where the services are, and on a
 * secure mesh shown and showing certificates, with no right of its own. The mesh stops it.
 */
import { fileURLToPath } from 'node:url';
import type { Mesh } from './mesh.ts';
import type { Part } from './part.ts';
import { operatorFiles } from './secure-services.ts';
import { processSpec } from './services.ts';

const HOST = '127.0.0.1';
const ENTRY = fileURLToPath(new URL('../../console-svc/main.ts', import.meta.url));

type Beside = Pick<Mesh, 'addresses' | 'stack'>;

/** Resolves when it serves. */
export async function startConsole({ addresses, stack }: Beside, port: number): Promise<Part> {
  const spec = processSpec(stack.folder, 'console', ENTRY, {
    BANK_CONSOLE_LISTEN: `${HOST}:${port}`,
    BANK_COMMAND_ADDRESS: addresses.command.join(','),
    BANK_QUERY_ADDRESS: addresses.query.join(','),
    BANK_PROJECTOR_ADDRESS: addresses.projector.join(','),
    ...secureEnv(stack),
  });
  const part = stack.newPart(spec);
  stack.closers.add('console', () => part.stop());
  await part.start();
  return part;
}

type Ground = Pick<Beside['stack'], 'ground'>;

export function consoleUrl({ stack }: { stack: Ground }, port: number): string {
  return operatorFiles(stack.ground) === undefined
    ? `http://${HOST}:${port}/`
    : `https://localhost:${port}/`;
}

function secureEnv({ ground }: Ground): Record<string, string> {
  if (ground === undefined) return {};
  const { certFile, keyFile } = ground.pairs.console;
  return {
    BANK_AUTH: 'jwt',
    BANK_TLS_CERT_FILE: certFile,
    BANK_TLS_KEY_FILE: keyFile,
    BANK_CLIENT_CA_FILE: ground.caFile,
    BANK_CLIENT_CERT_FILE: certFile,
    BANK_CLIENT_KEY_FILE: keyFile,
  };
}
