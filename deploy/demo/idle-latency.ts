/**
 * How long one deposit takes while nothing else happens: so many single deposits, one after the
 * other, each measured to its receipt (stored) and on to a query that must show it (visible).
 */
import type { BankClient } from '#client/bank-client.ts';
import { unaryCall } from '#client/unary-call.ts';
import { uuidV7 } from '#platform/uuid.ts';
import { DepositRequest, OpenAccountRequest } from '#proto/bank/v1/account_command_service.ts';
import { createLatencies, type Latencies } from './latencies.ts';

const WARM_UP = 50;

export type IdleLatency = { readonly stored: Latencies; readonly visible: Latencies };

export async function measureIdleLatency(
  { accounts, queries }: BankClient,
  deposits: number,
  signal: AbortSignal,
): Promise<IdleLatency> {
  const accountId = uuidV7();
  const account = { accountId, currencyCode: 'EUR', owner: 'Idle', operationId: uuidV7() };
  const open = OpenAccountRequest.fromPartial(account);
  await unaryCall(accounts.openAccount.bind(accounts), open, { signal });
  const stored = createLatencies();
  const visible = createLatencies();
  for (let n = -WARM_UP; n < deposits; n++) {
    const amount = { currencyCode: 'EUR', minorUnits: 1n };
    const deposit = DepositRequest.fromPartial({ accountId, amount, operationId: uuidV7() });
    const startedMs = performance.now();
    const answer = await unaryCall(accounts.deposit.bind(accounts), deposit, { signal });
    const storedMs = performance.now() - startedMs;
    const minVersion = answer.receipt?.version ?? 0n;
    await unaryCall(queries.getAccount.bind(queries), { accountId, minVersion }, { signal });
    if (n < 0) continue;
    stored.add(storedMs, 1);
    visible.add(performance.now() - startedMs, 1);
  }
  return { stored, visible };
}
