/**
 * The bank that the example talks to, with clients: the running one (npm start, on its usual
 * ports), else a mesh of the example's own, stopped at its end.
 */
import { createBankClient, type BankClient } from '#client/bank-client.ts';
import type { BulkModeServiceClient } from '#proto/bank/v1/bulk_mode_service.ts';
import { runningOrOwnBank } from '../local/running-bank.ts';

export type ExampleBank = {
  readonly client: BankClient;
  readonly bulkMode: BulkModeServiceClient;
  readonly stop: () => Promise<void>;
};

export async function openExampleBank(
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<ExampleBank> {
  const { addresses, stop } = await runningOrOwnBank('example', signal, say);
  const client = createBankClient(addresses);
  return {
    client,
    bulkMode: client.bulkMode,
    stop: async () => {
      client.close();
      await stop();
    },
  };
}
