// grpc.health.v1.Health for the services of one server. Nothing is SERVING before open() and after
// close(); between them each service is, unless set() says otherwise of it or of '' (the whole
// server), and '' is when all of them are. close() also ends the streams of Watch, which would hold
// up a server's end for ever.
import { status } from '@grpc/grpc-js';
import type { ServerWritableStream, ServiceError } from '@grpc/grpc-js';
import {
  HealthCheckResponse_ServingStatus as Serving,
  HealthService,
} from '#proto/health/v1/health.ts';
import type {
  HealthCheckRequest,
  HealthCheckResponse,
  HealthServer,
} from '#proto/health/v1/health.ts';
import { RpcError, refusal, toServiceError } from './grpc-errors.ts';
import { silentLogger } from './logger.ts';
import { unary } from './unary.ts';

type Status = HealthCheckResponse['status'];
type Watch = ServerWritableStream<HealthCheckRequest, HealthCheckResponse>;

export type Health = {
  definition: typeof HealthService;
  handlers: HealthServer;
  add(service: string): void;
  set(service: string, serving: boolean): void;
  /** The whole server. */
  isServing(): boolean;
  open(): void;
  close(): void;
};

export const HEALTH_SERVICE = 'grpc.health.v1.Health';

const WATCHES_MAX = 1000;

export function createHealth(): Health {
  const wanted = new Map<string, boolean>([['', true]]);
  let phase: 'starting' | 'open' | 'closed' = 'starting';
  const statusOf = (service: string): Status => {
    if (!wanted.has(service)) return Serving.SERVICE_UNKNOWN;
    const names = service === '' ? wanted.keys() : ['', service];
    const serving = phase === 'open' && [...names].every((name) => wanted.get(name) === true);
    return serving ? Serving.SERVING : Serving.NOT_SERVING;
  };
  const watches = createWatches(statusOf);
  return {
    definition: HealthService,
    handlers: {
      check: unary(silentLogger, ({ service }) =>
        Promise.resolve(check(statusOf(service), service)),
      ),
      list: unary(silentLogger, () =>
        Promise.resolve({ statuses: listOf(wanted.keys(), statusOf) }),
      ),
      watch: watches.watch,
    },
    add: (service) => void wanted.set(service, wanted.get(service) ?? true),
    set: (service, serving) => {
      wanted.set(service, serving);
      watches.tellAll();
    },
    isServing: () => statusOf('') === Serving.SERVING,
    open: () => {
      phase = 'open';
      watches.tellAll();
    },
    close: () => {
      phase = 'closed';
      watches.tellAll();
      watches.end();
    },
  };
}

/** The streams of Watch; each hears of its service's status when it begins and when it changes. */
function createWatches(statusOf: (service: string) => Status) {
  const told = new Map<Watch, Status>();
  let ended = false;
  const tell = (call: Watch): void => {
    const now = statusOf(call.request.service);
    if (told.get(call) === now) return;
    told.set(call, now);
    call.write({ status: now });
  };
  return {
    watch: (call: Watch): void => {
      if (ended || told.size >= WATCHES_MAX) {
        call.emit('error', ended ? shuttingDown() : tooMany());
        return;
      }
      call.on('cancelled', () => told.delete(call));
      tell(call);
    },
    tellAll: (): void => {
      for (const call of told.keys()) tell(call);
    },
    end: (): void => {
      ended = true;
      for (const call of told.keys()) call.emit('error', shuttingDown());
      told.clear();
    },
  };
}

function check(now: Status, service: string): HealthCheckResponse {
  if (now !== Serving.SERVICE_UNKNOWN) return { status: now };
  throw new RpcError(status.NOT_FOUND, `there is no service ${JSON.stringify(service)} here`);
}

function listOf(names: Iterable<string>, statusOf: (service: string) => Status) {
  return Object.fromEntries([...names].map((name) => [name, { status: statusOf(name) }]));
}

function shuttingDown(): ServiceError {
  const message = 'the server is shutting down';
  const options = { retryAfterMs: 1000 };
  const error = refusal(status.UNAVAILABLE, 'SHUTTING_DOWN', message, options);
  return toServiceError(error, silentLogger);
}

function tooMany(): ServiceError {
  const message = `more than ${WATCHES_MAX} streams watch the health of this server`;
  return toServiceError(new RpcError(status.RESOURCE_EXHAUSTED, message), silentLogger);
}
