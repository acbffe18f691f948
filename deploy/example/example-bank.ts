/**
 * The bank that the example talks to: the running one (npm start, on its usual ports), else a mesh
 * of the example's own, stopped at its end.
 */
import { fileURLToPath } from 'node:url';
import { credentials } from '@grpc/grpc-js';
import { channelTarget, createBankClient, type BankClient } from '#client/bank-client.ts';
import { BulkModeServiceClient } from '#proto/bank/v1/bulk_mode_service.ts';
import { startMesh } from '../local/mesh.ts';
import { isListening } from '../local/ports.ts';

const FOLDER = fileURLToPath(new URL('../../.local/example', import.meta.url));
const HOST = '127.0.0.1';
const PORTS = { command: 50_051, query: 50_052, projector: 50_053 } as const;

export type ExampleBank = {
  readonly client: BankClient;
  readonly bulkMode: BulkModeServiceClient;
  readonly stop: () => Promise<void>;
};

export async function openExampleBank(
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<ExampleBank> {
  const running = await Promise.all(Object.values(PORTS).map(isListening));
  if (running.every(Boolean)) {
    say(`using the bank that runs on ${HOST}:${PORTS.command}`);
    const address = (port: number): string[] => [`${HOST}:${port}`];
    return connect(
      {
        command: address(PORTS.command),
        query: address(PORTS.query),
        projector: address(PORTS.projector),
      },
      () => Promise.resolve(),
    );
  }
  say('no bank runs on the usual ports: starting one for this example');
  const mesh = await startMesh({ dataFolder: FOLDER, signal });
  return connect(mesh.addresses, mesh.stop);
}

function connect(
  addresses: Parameters<typeof createBankClient>[0],
  stop: () => Promise<void>,
): ExampleBank {
  const client = createBankClient(addresses);
  const target = channelTarget(addresses.command);
  const bulkMode = new BulkModeServiceClient(target, credentials.createInsecure());
  return {
    client,
    bulkMode,
    stop: async () => {
      client.close();
      bulkMode.close();
      await stop();
    },
  };
}
