/**
 * A gRPC server whose handlers do nothing: what grpc-js itself takes for one call, decoding and
 * encoding of the same messages included. A process of its own, run by empty-handler.ts, which it
 * tells its port. It ends with its parent.
 */
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { timestampFromMicros } from '#platform/timestamps.ts';
import {
  AccountCommandServiceService,
  DepositResponse,
  type DepositRequest,
} from '#proto/bank/v1/account_command_service.ts';
import { AccountStatus } from '#proto/bank/v1/account.ts';
import {
  AccountQueryServiceService,
  GetAccountResponse,
  type GetAccountRequest,
} from '#proto/bank/v1/account_query_service.ts';
import type { handleUnaryCall } from '@grpc/grpc-js';

const AT = timestampFromMicros(1_760_000_000_000_000n);
const MONEY = { currencyCode: 'EUR', minorUnits: 123_456n };

/** As wide as what query-svc answers. */
const ACCOUNT = {
  asOfVersion: 7n,
  currencyCode: 'EUR',
  balance: MONEY,
  available: MONEY,
  held: { currencyCode: 'EUR', minorUnits: 0n },
  overdraftLimit: { currencyCode: 'EUR', minorUnits: 0n },
  status: AccountStatus.ACCOUNT_STATUS_OPEN,
  owner: 'Owner 01234567',
  openedAt: AT,
  projectedAt: AT,
};

const deposit: handleUnaryCall<DepositRequest, DepositResponse> = ({ request }, callback) => {
  const { accountId, operationId } = request;
  const receipt = { accountId, operationId, version: 7n, balance: MONEY, available: MONEY };
  callback(null, DepositResponse.fromPartial({ receipt: { ...receipt, storedAt: AT } }));
};

const getAccount: handleUnaryCall<GetAccountRequest, GetAccountResponse> = (call, callback) => {
  const { accountId } = call.request;
  const account = { accountId, ...ACCOUNT };
  callback(null, GetAccountResponse.fromPartial({ account }));
};

const server = new Server();
server.addService({ deposit: AccountCommandServiceService.deposit }, { deposit });
server.addService({ getAccount: AccountQueryServiceService.getAccount }, { getAccount });
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  process.send?.({ port });
});
process.on('disconnect', () => process.exit(0));
