/**
 * A gRPC client that sends bytes as they are: what a caller's own encoding costs is not part of
 * what is measured, and the load generator shares the machine with what it measures. No retries: a
 * call that fails fails its run.
 */
import {
  Client,
  Metadata,
  type ClientDuplexStream,
  type ClientReadableStream,
  type ClientWritableStream,
  type ServiceError,
} from '@grpc/grpc-js';
import { channelAccess, type BankAccess } from '#client/bank-access.ts';
import { AccountCommandServiceService } from '#proto/bank/v1/account_command_service.ts';
import { AccountQueryServiceService } from '#proto/bank/v1/account_query_service.ts';
import {
  BulkDepositResponse,
  BulkServiceService,
  BulkSubmitResponse,
} from '#proto/bank/v1/bulk_service.ts';
import { EventLogServiceService } from '#proto/bank/v1/event_log_service.ts';
import type { BulkReceipt } from '#proto/bank/v1/submission.ts';

export const PATHS = {
  bulkDeposit: BulkServiceService.bulkDeposit.path,
  bulkOpenAccounts: BulkServiceService.bulkOpenAccounts.path,
  bulkSubmit: BulkServiceService.bulkSubmit.path,
  deposit: AccountCommandServiceService.deposit.path,
  getAccount: AccountQueryServiceService.getAccount.path,
  listEntries: AccountQueryServiceService.listEntries.path,
  batchGetAccounts: AccountQueryServiceService.batchGetAccounts.path,
} as const;

export type BulkPath =
  typeof PATHS.bulkDeposit | typeof PATHS.bulkOpenAccounts | typeof PATHS.bulkSubmit;
export type UnaryPath =
  | typeof PATHS.deposit
  | typeof PATHS.getAccount
  | typeof PATHS.listEntries
  | typeof PATHS.batchGetAccounts;

export type BulkCall = {
  readonly call: ClientWritableStream<Buffer> | ClientDuplexStream<Buffer, Buffer>;
  readonly receipt: Promise<BulkReceipt>;
};

const asItIs = (bytes: Buffer): Buffer => bytes;
const CALL_DEADLINE_MS = 3_600_000;
const UNARY_DEADLINE_MS = 30_000;

export class RawClient {
  readonly #client: Client;

  /** `address` is host:port. Each client has a connection of its own; default: plaintext. */
  constructor(address: string, access: BankAccess = {}) {
    const { credentials, interceptors } = channelAccess([address], access);
    this.#client = new Client(`ipv4:${address}`, credentials, {
      'grpc.use_local_subchannel_pool': 1,
      interceptors,
    });
  }

  /** Both bulk responses carry a receipt in field 1. */
  openBulk(path: BulkPath): BulkCall {
    if (path === PATHS.bulkSubmit) return this.#openSubmit(path);
    const { promise, resolve, reject } = Promise.withResolvers<BulkReceipt>();
    const done = (error: ServiceError | null, response?: BulkDepositResponse): void => {
      if (error !== null) reject(error);
      else if (response?.receipt === undefined) reject(new Error('an answer without a receipt'));
      else resolve(response.receipt);
    };
    const options = { deadline: Date.now() + CALL_DEADLINE_MS };
    const call = this.#client.makeClientStreamRequest(
      path,
      asItIs,
      (bytes: Buffer) => BulkDepositResponse.decode(bytes),
      new Metadata(),
      options,
      done,
    );
    call.on('error', reject);
    promise.catch(() => undefined); // awaited by the sender, which may still be writing
    return { call, receipt: promise };
  }

  /** Results are taken in and not looked at; the receipt comes last. */
  #openSubmit(path: string): BulkCall {
    const { promise, resolve, reject } = Promise.withResolvers<BulkReceipt>();
    const options = { deadline: Date.now() + CALL_DEADLINE_MS };
    const call = this.#client.makeBidiStreamRequest(path, asItIs, asItIs, new Metadata(), options);
    let last: Buffer = Buffer.alloc(0);
    call.on('data', (message: Buffer) => (last = message));
    call.on('error', reject);
    call.on('end', () => {
      const { receipt } = BulkSubmitResponse.decode(last);
      if (receipt === undefined) reject(new Error('an answer without a receipt'));
      else resolve(receipt);
    });
    promise.catch(() => undefined); // awaited by the sender, which may still be writing
    return { call, receipt: promise };
  }

  unary(path: UnaryPath, request: Buffer, deadlineMs = UNARY_DEADLINE_MS): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const options = { deadline: Date.now() + deadlineMs };
      const done = (error: ServiceError | null, response?: Buffer): void => {
        if (error !== null) reject(error);
        else if (response === undefined) reject(new Error('an answer without a message'));
        else resolve(response);
      };
      this.#client.makeUnaryRequest(path, asItIs, asItIs, request, new Metadata(), options, done);
    });
  }

  /** SubscribeToEvents; messages come as bytes. */
  subscribe(request: Buffer): ClientReadableStream<Buffer> {
    return this.#stream(EventLogServiceService.subscribeToEvents.path, request);
  }

  /** WatchAccount; messages come as bytes. */
  watch(request: Buffer): ClientReadableStream<Buffer> {
    return this.#stream(AccountQueryServiceService.watchAccount.path, request);
  }

  #stream(path: string, request: Buffer): ClientReadableStream<Buffer> {
    const metadata = new Metadata();
    const options = { deadline: Date.now() + CALL_DEADLINE_MS };
    return this.#client.makeServerStreamRequest(path, asItIs, asItIs, request, metadata, options);
  }

  close(): void {
    this.#client.close();
  }
}
