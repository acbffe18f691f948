/**
 * The whole of command-svc but its main and its locks, in this process: handlers, intake, batcher
 * and process-batch behind a gRPC server on a free port, on a test's own event store. Several of
 * them are replicas of one another.
 */
import type { Client, ServiceError } from '@grpc/grpc-js';
import { channelAccess } from '#client/bank-access.ts';
import { createByteBudget } from '#platform/byte-budget.ts';
import { createGrpcServer, unimplemented } from '#platform/grpc-server.ts';
import { decodeStatusDetails } from '#platform/grpc-errors.ts';
import { createSlots } from '#platform/slots.ts';
import {
  AccountCommandServiceClient,
  AccountCommandServiceService,
} from '#proto/bank/v1/account_command_service.ts';
import {
  BulkDepositRequest,
  BulkOpenAccountsRequest,
  BulkServiceClient,
  type BulkDepositResponse,
  type BulkOpenAccountsResponse,
  type DeepPartial,
} from '#proto/bank/v1/bulk_service.ts';
import type { BulkReceipt } from '#proto/bank/v1/submission.ts';
import { Holders } from '../../command-svc/account-holder.ts';
import { accountCommandHandlers } from '../../command-svc/account-commands.ts';
import type { BatcherLimits } from '../../command-svc/batch-start.ts';
import { createBatcher, type Batcher } from '../../command-svc/batcher.ts';
import type { BulkMode } from '../../command-svc/bulk-mode.ts';
import { createBulkIntake } from '../../command-svc/bulk-intake.ts';
import { tooManyUploads, type IntakeContext } from '../../command-svc/take-stream.ts';
import { bulkServiceDefinition } from '../../command-svc/bulk-messages.ts';
import { laneProcessors } from '../../command-svc/lane-processors.ts';
import { submissionHandlers } from '../../command-svc/submissions.ts';
import { createUnreadRoom } from '../../command-svc/unread-room.ts';
import { openReplica, PARTITIONS, type Replica } from '#test/support/batch-bench.ts';
import type { IntakeReplicaOptions } from '#test/support/intake-replica-options.ts';
import { WIDE_LIMITS } from '#test/support/batcher-limits.ts';

export type IntakeReplica = {
  address: string;
  context: IntakeContext;
  bulk: BulkServiceClient;
  commands: AccountCommandServiceClient;
  /** One message, one stream. */
  openAccounts: (
    request: DeepPartial<BulkOpenAccountsRequest>,
  ) => Promise<BulkOpenAccountsResponse>;
  /** As SIGTERM does: streams end, what was taken is stored. */
  drain: () => Promise<void>;
  close: () => Promise<void>;
};

const LIMITS: BatcherLimits = { ...WIDE_LIMITS, partialProcessors: 2, besideUnaryItemsMax: 200 };

const NO_LEASES: BulkMode['holdsLease'] = () => Promise.resolve(false);

export async function openIntakeReplica(
  url: string,
  name: string,
  options: IntakeReplicaOptions = {},
): Promise<IntakeReplica> {
  const replica = openReplica(url, name);
  const { eventStore, watchPool, log, stoppedOwner } = replica.context;
  const { streamIdleMs = 10_000, streamResultsMax = 10_000 } = options;
  const { messagesBytesMax = 10_000_000, resultsMax = 128_000, uploadsMax = 1_000 } = options;
  const { around = (batcher) => batcher, holdsLease = NO_LEASES } = options;
  const batcher = openBatcher(replica, options);
  const stopping = new AbortController();
  const context: IntakeContext = {
    holders: new Holders(undefined),
    eventStore,
    watchPool,
    log,
    stoppedOwner,
    partitionCount: PARTITIONS,
    submissions: { triesMax: 10, retryPauseFirstMs: 5, retryPauseMaxMs: 100, retryAfterMs: 1_000 },
    batcher: around(batcher),
    stopping: stopping.signal,
    streamIdleMs,
    streamResultsMax,
    states: replica.context.states,
    messages: createByteBudget(messagesBytesMax),
    unreadResults: createUnreadRoom(resultsMax, uploadsMax),
    bulkMode: { holdStream: () => () => undefined, holdsLease },
    itemQuota: options.itemQuota,
    uploads: createSlots(uploadsMax, tooManyUploads),
  };
  const intake = createBulkIntake(context);
  const { server: limits = {}, access = {}, token } = options;
  const { server, serve, drain } = createGrpcServer({ log, limits, access });
  const { drained, ...uploads } = intake;
  const bulkHandlers = { ...uploads, ...submissionHandlers(context) };
  server.addService(bulkServiceDefinition, unimplemented(bulkServiceDefinition, bulkHandlers));
  server.addService(
    AccountCommandServiceService,
    unimplemented(AccountCommandServiceService, accountCommandHandlers(context, options.sealing)),
  );
  const address = await serve({ host: '127.0.0.1', port: 0 });
  const shown = token === undefined ? {} : { token: () => token };
  const { credentials, interceptors } = channelAccess([address], shown);
  const bulk = new BulkServiceClient(address, credentials, { interceptors });
  const commands = new AccountCommandServiceClient(address, credentials, { interceptors });
  const stop = async (): Promise<void> => {
    stopping.abort();
    await drained();
    await batcher.stop();
  };
  return {
    address,
    context,
    bulk,
    commands,
    openAccounts: (request) => openAccounts(bulk, request),
    drain: stop,
    close: async () => {
      await stop();
      bulk.close();
      commands.close();
      await drain(1_000);
      await replica.close();
    },
  };
}

function openBatcher(replica: Replica, options: IntakeReplicaOptions): Batcher {
  const limits = { ...LIMITS, ...options.limits };
  const inForce = (): BatcherLimits => options.bulkMode?.limitsOf(limits) ?? limits;
  const processors = laneProcessors(replica.context, replica.lanes);
  const batcher = createBatcher(PARTITIONS, inForce(), ...processors);
  options.bulkMode?.onChange(() => batcher.adjust(inForce()));
  return batcher;
}

function openAccounts(
  bulk: BulkServiceClient,
  request: Parameters<IntakeReplica['openAccounts']>[0],
): Promise<BulkOpenAccountsResponse> {
  return new Promise((resolve, reject) => {
    const call = bulk.bulkOpenAccounts((error: ServiceError | null, response) => {
      if (error === null) resolve(response);
      else reject(error);
    });
    call.end(BulkOpenAccountsRequest.fromPartial(request));
  });
}

/** A BulkDeposit stream that a test drives message by message. */
export type DepositStream = {
  send: (message: Partial<BulkDepositRequest>) => Promise<void>;
  /** Half-closes, and answers the receipt. */
  finish: () => Promise<BulkReceipt>;
  /** The end, whichever it is. */
  ended: Promise<BulkReceipt>;
  cancel: () => void;
};

export function openDepositStream(replica: IntakeReplica, submissionId: string): DepositStream {
  const { promise: ended, resolve, reject } = Promise.withResolvers<BulkReceipt>();
  const call = replica.bulk.bulkDeposit(
    (error: ServiceError | null, response: BulkDepositResponse) => {
      if (error !== null) reject(error);
      else if (response.receipt === undefined) reject(new Error('no receipt'));
      else resolve(response.receipt);
    },
  );
  ended.catch(() => undefined);
  call.on('error', () => undefined);
  return {
    ended,
    send: async (message) => {
      const request = BulkDepositRequest.fromPartial({ submissionId, ...message });
      const written = call.write(request);
      if (!written) {
        const drained = new Promise<void>((go) => void call.once('drain', () => go()));
        await Promise.race([
          drained,
          ended.then(
            () => undefined,
            () => undefined,
          ),
        ]);
      }
    },
    finish: () => {
      call.end();
      return ended;
    },
    cancel: () => call.cancel(),
  };
}

type Method<Req, Res> = {
  path: string;
  requestSerialize: (request: Req) => Buffer;
  responseDeserialize: (bytes: Buffer) => Res;
};

/** A unary call as a promise; the method is one of a generated service definition. */
export function callUnary<Req, Res>(
  client: Client,
  { path, requestSerialize, responseDeserialize }: Method<Req, Res>,
  request: Req,
  signal?: AbortSignal,
): Promise<Res> {
  return new Promise((resolve, reject) => {
    const call = client.makeUnaryRequest<Req, Res>(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      (error, response) => {
        if (error !== null) reject(error);
        else if (response === undefined) reject(new Error('no response'));
        else resolve(response);
      },
    );
    signal?.addEventListener('abort', () => call.cancel());
  });
}

/** What a failed call told its caller, in one line: code, reason, first violated field. */
export async function failureOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (!isServiceError(error)) throw error;
    const details = decodeStatusDetails(error.metadata);
    const field = details?.violations[0]?.field;
    return [error.code, details?.reason, field].filter((part) => part !== undefined).join(' ');
  }
  throw new Error('the call did not fail');
}

export function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && 'metadata' in error;
}
