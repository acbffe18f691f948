/**
 * Some of everything that dashboards show: accounts opened in bulk, deposits by single calls, by
 * direct batches and by a stream, refused ones, reads from the cache and past it.
 */
import { uploadAccounts } from '#client/bulk-upload.ts';
import { unaryCall } from '#client/unary-call.ts';
import {
  byBatches,
  byCalls,
  byStream,
  depositOperation,
  submitBatch,
} from '#deploy/example/ways.ts';
import type { Ways } from '#deploy/example/ways.ts';
import { uuidV7 } from '#platform/uuid.ts';
import { OpenAccountRequest } from '#proto/bank/v1/account_command_service.ts';
import type { DepositItem } from '#proto/bank/v1/bulk_service.ts';

const ACCOUNTS = 2_000;
const CALLS = 500;
const REFUSED = 50;

/** `deposits` by a stream, a quarter as many by direct batches. */
export async function work(ways: Ways, deposits: number): Promise<void> {
  const ids = Array.from({ length: ACCOUNTS }, () => uuidV7());
  await openAccounts(ways, ids);
  const items = depositsTo(ids, deposits);
  await byCalls(ways, items.slice(0, CALLS));
  await byBatches(ways, items.slice(0, Math.ceil(deposits / 4)), '');
  await byStream(ways, items);
  const unknown = depositsTo([uuidV7()], REFUSED).map(depositOperation);
  await submitBatch(ways, `dashboards-${uuidV7()}`, unknown, '');
  await readTwice(ways, ids.slice(0, CALLS));
}

async function openAccounts({ bank, signal }: Ways, ids: readonly string[]): Promise<void> {
  const requests = ids.map((accountId) =>
    OpenAccountRequest.fromPartial({ accountId, currencyCode: 'EUR', owner: 'Ada' }),
  );
  async function* source(from: number): AsyncGenerator<readonly OpenAccountRequest[], void, void> {
    yield requests.slice(from);
  }
  const submissionId = `dashboards-${uuidV7()}`;
  await uploadAccounts(bank.client.bulk, source, { submissionId, signal });
}

function depositsTo(ids: readonly string[], count: number): DepositItem[] {
  return Array.from({ length: count }, (_, index) => ({
    accountId: ids[index % ids.length] ?? '',
    amount: { currencyCode: 'EUR', minorUnits: 100n },
    operationId: '',
    reference: '',
    valueDate: '',
  }));
}

async function readTwice({ bank, signal }: Ways, ids: readonly string[]): Promise<void> {
  const { queries } = bank.client;
  for (const accountId of ids) {
    for (const _ of ['past the cache', 'from it']) {
      await unaryCall(queries.getAccount.bind(queries), { accountId, minVersion: 0n }, { signal });
    }
  }
}
