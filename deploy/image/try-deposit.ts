/**
 * Whether the whole bank works, shown by one deposit: opens an account, deposits, and waits until
 * the read side shows it. `helm test` runs it, and whoever has just started the containers. It
 * leaves the account, whose owner is called "smoke test". How it gets in: BANK_CLIENT_*.
 */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { createBankClient, type BankClient } from '#client/bank-client.ts';
import { unaryCall } from '#client/unary-call.ts';
import { envList, parseEnv } from '#platform/config.ts';
import { DepositRequest, OpenAccountRequest } from '#proto/bank/v1/account_command_service.ts';
import { errorText } from '../error-text.ts';
import { toolAccess } from '../tool-access.ts';

const DEADLINE_MS = 30_000;
const CURRENCY = 'EUR';
const CENTS = 1250n;

const ENV = z.object({
  BANK_COMMAND_ADDRESS: envList(['127.0.0.1:50051']),
  BANK_QUERY_ADDRESS: envList(['127.0.0.1:50052']),
});

async function deposit({ accounts, queries }: BankClient): Promise<void> {
  const options = { deadlineMs: DEADLINE_MS };
  const accountId = randomUUID();
  const owner = 'smoke test';
  const opening = OpenAccountRequest.fromPartial({ accountId, currencyCode: CURRENCY, owner });
  await unaryCall(accounts.openAccount.bind(accounts), opening, options);
  const amount = { currencyCode: CURRENCY, minorUnits: CENTS };
  const request = DepositRequest.fromPartial({ accountId, amount, operationId: randomUUID() });
  const { receipt } = await unaryCall(accounts.deposit.bind(accounts), request, options);
  if (receipt === undefined) throw new Error('the deposit has no receipt');
  const wanted = { accountId, minVersion: receipt.version };
  const { account } = await unaryCall(queries.getAccount.bind(queries), wanted, options);
  const balance = account?.balance?.minorUnits;
  if (balance !== CENTS) throw new Error(`the balance is ${balance} cents, and not ${CENTS}`);
  console.info(`account ${accountId}: ${CENTS} cents deposited, and read at ${receipt.version}`);
}

try {
  const env = parseEnv(ENV, process.env);
  const addresses = { command: env.BANK_COMMAND_ADDRESS, query: env.BANK_QUERY_ADDRESS };
  const access = toolAccess([...addresses.command, ...addresses.query]);
  const client = createBankClient({ ...addresses, projector: ['127.0.0.1:50053'] }, access);
  try {
    await deposit(client);
  } finally {
    client.close();
  }
} catch (error) {
  console.error(errorText(error));
  process.exitCode = 1;
}
