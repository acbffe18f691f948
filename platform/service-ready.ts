// Tells whoever started a service where it serves: a JSON file at BANK_READY_FILE, written beside
// and renamed, so that a reader sees all of it or nothing. Without the variable it does nothing.
import { rename, writeFile } from 'node:fs/promises';

export type ReadyMessage = { service: string; address: string; pid: number };

export async function announceReady(
  env: NodeJS.ProcessEnv,
  service: string,
  address: string,
): Promise<void> {
  const path = env['BANK_READY_FILE'];
  if (path === undefined || path === '') return;
  const message: ReadyMessage = { service, address, pid: process.pid };
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, `${JSON.stringify(message)}\n`);
  await rename(draft, path);
}
