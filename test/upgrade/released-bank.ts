/**
 * A version of the bank as a folder: its entry files, its set-up of databases and topics, its
 * connector. A released one is unpacked from its fixture inside this checkout, so that it finds the
 * packages of today: the same versions of all that it loads without telemetry.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runTool } from '#deploy/local/run-tool.ts';
import type { Service } from '#deploy/local/services.ts';
import type { Stack } from '#deploy/local/stack.ts';
import { releaseArchive } from './release-archive.ts';

const TODAY = fileURLToPath(new URL('../../', import.meta.url));
const UNPACK_TIMEOUT_MS = 20_000;
const SET_UP_TIMEOUT_MS = 60_000;

export type BankVersion = {
  readonly name: string;
  readonly entry: (service: Service) => string;
  readonly connectorFile: string;
  /** `npm run db:setup` of that version; answers what it has said. */
  readonly setUp: (stack: Stack) => Promise<string>;
};

export function todaysBank(): BankVersion {
  return versionAt('today', TODAY);
}

/** `folder` lies inside the checkout. */
export async function releasedBank(tag: string, folder: string): Promise<BankVersion> {
  mkdirSync(folder, { recursive: true });
  await runTool('tar', ['-xzf', releaseArchive(tag), '-C', folder], {
    timeoutMs: UNPACK_TIMEOUT_MS,
    missing: 'install tar and gzip',
  });
  return versionAt(tag, folder);
}

function versionAt(name: string, root: string): BankVersion {
  const connectorFile = join(root, 'deploy/connect/outbox.json');
  return {
    name,
    entry: (service) => join(root, `${service}-svc/main.ts`),
    connectorFile,
    setUp: async (stack) => {
      const { stdout } = await runTool(process.execPath, [join(root, 'deploy/db-setup.ts')], {
        timeoutMs: SET_UP_TIMEOUT_MS,
        missing: 'no node',
        env: {
          BANK_ADMIN_EVENT_STORE_URL: stack.eventStoreUrl,
          BANK_ADMIN_PROJECTION_STORE_URL: stack.projectionStoreUrl,
          BANK_KAFKA_BROKERS: stack.kafkaBrokers.join(','),
          BANK_COMMAND_PASSWORD: stack.folder.passwords.bank_command,
          BANK_PROJECTOR_PASSWORD: stack.folder.passwords.bank_projector,
          BANK_QUERY_PASSWORD: stack.folder.passwords.bank_query,
          BANK_CDC_PASSWORD: stack.folder.passwords.bank_cdc,
        },
      });
      return stdout;
    },
  };
}
