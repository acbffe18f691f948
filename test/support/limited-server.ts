/**
 * A gRPC server in this process with limits of a test's own, and callers of it. Its one service is
 * BulkModeService: StartBulkMode answers with as many bytes as its reason says, or, when its holder
 * is "waits", when release() is called; GetBulkMode answers at once.
 */
import {
  Client,
  credentials,
  Metadata,
  status,
  type CallOptions,
  type ChannelCredentials,
  type ClientOptions,
  type ServiceError,
} from '@grpc/grpc-js';
import { decodeStatusDetails } from '#platform/grpc-errors.ts';
import { createGrpcServer, unimplemented, type GrpcServer } from '#platform/grpc-server.ts';
import type { ListenerTls } from '#platform/listener-tls.ts';
import { silentLogger, type Logger } from '#platform/logger.ts';
import { peerIdentityOf, type PeerIdentity } from '#platform/peer-certificate.ts';
import type { AccessOptions } from '#platform/server-access.ts';
import type { ServerLimits } from '#platform/server-limits.ts';
import { unary, type CallContext } from '#platform/unary.ts';
import {
  BulkModeServiceService as Service,
  StartBulkModeRequest,
  StartBulkModeResponse,
} from '#proto/bank/v1/bulk_mode_service.ts';

export const START = Service.startBulkMode.path;
export const GET = Service.getBulkMode.path;

export type Answer = {
  code: status;
  message: string;
  reason: string | undefined;
  retryAfterMs: number | undefined;
};

export type LimitedServer = {
  readonly grpc: GrpcServer;
  readonly address: string;
  /** Contexts of the calls of StartBulkMode that were handled, in order. */
  readonly handled: CallContext[];
  /** Of the calls of GetBulkMode, in order. */
  readonly peers: (PeerIdentity | undefined)[];
  release(): void;
  /** A caller with a connection of its own. */
  connect(options?: ClientOptions, secured?: ChannelCredentials): Caller;
  close(): Promise<void>;
};

export type CallMore = { metadata?: Metadata; options?: Partial<CallOptions> };

export type Caller = {
  /** `request`: bytes as they go over the wire, or fields of StartBulkMode. */
  call(
    path: string,
    request: Buffer | Partial<StartBulkModeRequest>,
    more?: CallMore,
  ): Promise<Answer>;
  close(): void;
};

export type LimitedOptions = {
  readonly tls?: ListenerTls;
  readonly log?: Logger;
  readonly access?: AccessOptions;
};

export async function openLimitedServer(
  limits: Partial<ServerLimits>,
  { tls, log = silentLogger, access = {} }: LimitedOptions = {},
): Promise<LimitedServer> {
  const grpc = createGrpcServer({ log, limits, tls, access });
  const handled: CallContext[] = [];
  let waiting = Promise.withResolvers<void>();
  const startBulkMode = unary(
    silentLogger,
    async ({ holder, reason }: StartBulkModeRequest, call) => {
      handled.push(call);
      if (holder === 'waits') await orAborted(waiting.promise, call.signal);
      const text = 'x'.repeat(Number(reason));
      return { lease: { leaseId: '', holder: text, reason: '', expiresAt: undefined } };
    },
  );
  const answer = unary(silentLogger, () =>
    Promise.resolve({ active: true, leases: [], replicas: [] }),
  );
  const peers: (PeerIdentity | undefined)[] = [];
  const getBulkMode: typeof answer = (call, callback) => {
    peers.push(peerIdentityOf(call));
    answer(call, callback);
  };
  grpc.server.addService(Service, unimplemented(Service, { startBulkMode, getBulkMode }));
  const address = await grpc.serve({ host: '127.0.0.1', port: 0 });
  const callers: Caller[] = [];
  return {
    grpc,
    address,
    handled,
    peers,
    release() {
      waiting.resolve();
      waiting = Promise.withResolvers();
    },
    connect(options = {}, secured = credentials.createInsecure()) {
      const caller = openCaller(address, options, secured);
      callers.push(caller);
      return caller;
    },
    close: async () => {
      for (const caller of callers) caller.close();
      await grpc.drain(0);
    },
  };
}

/** With a connection of its own. */
export function openCaller(
  address: string,
  more: ClientOptions,
  secured: ChannelCredentials,
): Caller {
  const client = new Client(address, secured, {
    'grpc.use_local_subchannel_pool': 1,
    ...more,
  });
  const asItIs = (bytes: Buffer): Buffer => bytes;
  return {
    call: (path, request, { metadata = new Metadata(), options = {} } = {}) => {
      const bytes = Buffer.isBuffer(request) ? request : startRequest(request);
      return new Promise((resolve) => {
        client.makeUnaryRequest(path, asItIs, asItIs, bytes, metadata, options, (error) =>
          resolve(error === null ? OK : answerOf(error)),
        );
      });
    },
    close: () => client.close(),
  };
}

const OK: Answer = { code: status.OK, message: '', reason: undefined, retryAfterMs: undefined };

export function startRequest(fields: Partial<StartBulkModeRequest>): Buffer {
  return Buffer.from(
    StartBulkModeRequest.encode(StartBulkModeRequest.fromPartial(fields)).finish(),
  );
}

/** What StartBulkMode answers with so many bytes of text. */
export function startResponse(bytes: Uint8Array): StartBulkModeResponse {
  return StartBulkModeResponse.decode(bytes);
}

function answerOf(error: ServiceError): Answer {
  const details = decodeStatusDetails(error.metadata);
  const { code, details: message } = error;
  return { code, message, reason: details?.reason, retryAfterMs: details?.retryAfterMs };
}

function orAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      const reason: unknown = signal.reason;
      reject(reason instanceof Error ? reason : new Error('aborted'));
    };
    signal.addEventListener('abort', onAbort, { once: true });
    void work.then(resolve);
  });
}
