/**
 * A bank in memory behind a real gRPC server, with direct batches and bulk mode: what the example
 * calls and no more. Accounts exist when they were named at the start; `mistake` breaks a rule.
 */
import { credentials, status } from '@grpc/grpc-js';
import { createBankClient } from '#client/bank-client.ts';
import type { ExampleBank } from '#deploy/example/example-bank.ts';
import { refusal } from '#platform/grpc-errors.ts';
import { createGrpcServer, unimplemented } from '#platform/grpc-server.ts';
import { silentLogger } from '#platform/logger.ts';
import { unary } from '#platform/unary.ts';
import {
  AccountQueryServiceService,
  GetAccountResponse,
  type AccountQueryServiceServer,
  type GetAccountRequest,
} from '#proto/bank/v1/account_query_service.ts';
import {
  BulkModeServiceClient,
  BulkModeServiceService,
  type EndBulkModeRequest,
  GetBulkModeResponse,
  StartBulkModeResponse,
  type BulkModeServiceServer,
} from '#proto/bank/v1/bulk_mode_service.ts';
import {
  BatchMode,
  BulkServiceService,
  SubmitBatchResponse,
  type BulkServiceServer,
  type GetSubmissionRequest,
  type SubmitBatchRequest,
} from '#proto/bank/v1/bulk_service.ts';
import type { Operation } from '#proto/bank/v1/operation.ts';
import {
  ProjectorServiceService,
  StreamAcknowledgementsResponse,
  type ProjectorServiceServer,
} from '#proto/bank/v1/projector_service.ts';

export type FakeBatchBank = {
  readonly bank: ExampleBank;
  readonly balances: Map<string, bigint>;
  /** Lease ids that batches came with. */
  readonly leasesUsed: string[];
  readonly heldLeases: Set<string>;
  readonly close: () => Promise<void>;
};

type Mistake = 'none' | 'stores half of a refused batch';

const CLOSE_MS = 500;
const LEASE_ID = '3f2b8c1e-7a4d-4c55-9b60-1d2e3f4a5b6c';

type State = Pick<FakeBatchBank, 'balances' | 'leasesUsed' | 'heldLeases'> & {
  readonly stored: Set<string>;
};

export async function startFakeBatchBank(
  accountIds: readonly string[],
  mistake: Mistake = 'none',
): Promise<FakeBatchBank> {
  const { server, serve, drain } = createGrpcServer({ log: silentLogger });
  const state: State = {
    balances: new Map(accountIds.map((id) => [id, 0n])),
    stored: new Set(),
    leasesUsed: [],
    heldLeases: new Set(),
  };
  const bulk = batchHandlers(state, mistake);
  server.addService(BulkServiceService, unimplemented(BulkServiceService, bulk));
  const mode = modeHandlers(state.heldLeases);
  server.addService(BulkModeServiceService, unimplemented(BulkModeServiceService, mode));
  const queries = queryHandlers(state);
  server.addService(AccountQueryServiceService, unimplemented(AccountQueryServiceService, queries));
  const projector: Partial<ProjectorServiceServer> = {
    streamAcknowledgements: (call) => {
      call.write(StreamAcknowledgementsResponse.fromPartial({ progress: { complete: true } }));
      call.end();
    },
  };
  server.addService(ProjectorServiceService, unimplemented(ProjectorServiceService, projector));
  const address = await serve({ host: '127.0.0.1', port: 0 });
  const addresses = { command: [address], query: [address], projector: [address] };
  const client = createBankClient(addresses);
  const bulkMode = new BulkModeServiceClient(address, credentials.createInsecure());
  const close = async (): Promise<void> => {
    client.close();
    bulkMode.close();
    await drain(CLOSE_MS);
  };
  return { ...state, bank: { client, bulkMode, stop: close }, close };
}

function batchHandlers(state: State, mistake: Mistake): Partial<BulkServiceServer> {
  return {
    submitBatch: unary(silentLogger, (request: SubmitBatchRequest) => {
      state.leasesUsed.push(request.bulkModeLeaseId);
      const isAtomic = request.mode === BatchMode.BATCH_MODE_ATOMIC;
      const commands = request.operations.map(({ command }) => command);
      const bad = commands.findIndex((command) => !isDeposit(command, state.balances));
      if (isAtomic && bad >= 0) {
        if (mistake !== 'none') deposit(commands.slice(0, bad), state.balances);
        const metadata = { item_index: String(bad) };
        const code = status.NOT_FOUND;
        throw refusal(code, 'ACCOUNT_NOT_FOUND', 'there is no such account', { metadata });
      }
      deposit(commands, state.balances);
      state.stored.add(request.submissionId);
      const results = commands.map((command, index) => resultOf(command, index, state.balances));
      return Promise.resolve(SubmitBatchResponse.fromPartial({ results }));
    }),
    getSubmission: unary(silentLogger, ({ submissionId }: GetSubmissionRequest) => {
      if (state.stored.has(submissionId)) return Promise.resolve({ submission: undefined });
      throw refusal(status.NOT_FOUND, 'SUBMISSION_NOT_FOUND', 'there is none');
    }),
  };
}

function modeHandlers(heldLeases: Set<string>): Partial<BulkModeServiceServer> {
  return {
    startBulkMode: unary(silentLogger, () => {
      heldLeases.add(LEASE_ID);
      return Promise.resolve(StartBulkModeResponse.fromPartial({ lease: { leaseId: LEASE_ID } }));
    }),
    endBulkMode: unary(silentLogger, ({ leaseId }: EndBulkModeRequest) => {
      heldLeases.delete(leaseId);
      return Promise.resolve({ active: false });
    }),
    getBulkMode: unary(silentLogger, () => {
      const bulk = heldLeases.size > 0;
      const settings = { batch_items_max: bulk ? 5_000n : 1_000n };
      const replica = { service: 'command-svc', instance: 'command', bulk, settings };
      return Promise.resolve(GetBulkModeResponse.fromPartial({ replicas: [replica] }));
    }),
  };
}

function queryHandlers({ balances }: State): Partial<AccountQueryServiceServer> {
  return {
    getAccount: unary(silentLogger, ({ accountId }: GetAccountRequest) => {
      const balance = { currencyCode: 'EUR', minorUnits: balances.get(accountId) ?? 0n };
      return Promise.resolve(GetAccountResponse.fromPartial({ account: { accountId, balance } }));
    }),
  };
}

type Command = Operation['command'];

function isDeposit(command: Command, balances: ReadonlyMap<string, bigint>): boolean {
  return command?.$case === 'deposit' && balances.has(command.value.accountId);
}

function deposit(commands: readonly Command[], balances: Map<string, bigint>): void {
  for (const command of commands) {
    if (command?.$case !== 'deposit') continue;
    const { accountId, amount } = command.value;
    const balance = balances.get(accountId);
    if (balance !== undefined) balances.set(accountId, balance + (amount?.minorUnits ?? 0n));
  }
}

function resultOf(command: Command, index: number, balances: ReadonlyMap<string, bigint>) {
  const accountId = command?.$case === 'deposit' ? command.value.accountId : '';
  const balance = { currencyCode: 'EUR', minorUnits: balances.get(accountId) ?? 0n };
  const receipt = { $case: 'receipt' as const, value: { accountId, version: 2n, balance } };
  const refused = { accountId, reason: 'ACCOUNT_NOT_FOUND', message: 'there is none' };
  const rejection = { $case: 'rejection' as const, value: refused };
  const outcome = balances.has(accountId) ? receipt : rejection;
  return { itemIndex: BigInt(index), outcome };
}
