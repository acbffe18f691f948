/** The operator's page as a process beside a file's mesh, told where the mesh's services are. */
import { fileURLToPath } from 'node:url';
import { Part } from '#deploy/local/part.ts';
import { freePort } from '#deploy/local/ports.ts';
import { silent } from '#deploy/local/progress.ts';
import { processSpec } from '#deploy/local/services.ts';
import { compileCache, type Mesh } from '#test/support/mesh.ts';
import { join } from 'node:path';

const ENTRY = fileURLToPath(new URL('../../console-svc/main.ts', import.meta.url));

export type ConsoleProcess = { readonly url: string; stop(): Promise<void> };

export async function startTestConsole(
  { stack, addresses }: Mesh,
  env: Record<string, string>,
): Promise<ConsoleProcess> {
  const address = `127.0.0.1:${await freePort()}`;
  const inside = (...names: string[]): string => join(stack.folder, ...names);
  const folder = { path: stack.folder, logs: stack.logs, inside };
  const spec = processSpec(folder, 'console-1', ENTRY, {
    ...compileCache(stack),
    BANK_CONSOLE_LISTEN: address,
    BANK_COMMAND_ADDRESS: addresses.command.join(','),
    BANK_QUERY_ADDRESS: addresses.query.join(','),
    BANK_PROJECTOR_ADDRESS: addresses.projector.join(','),
    ...env,
  });
  const part = new Part(spec, { progress: silent, restarts: false, onGivenUp: () => undefined });
  await part.start();
  return { url: `http://${address}`, stop: () => part.stop() };
}
