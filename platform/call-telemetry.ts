// Each call as its callers and its operators see it: a server span, in the caller's trace where the
// caller sent one, and how long it took, by method and status; and how many calls are open. An
// interceptor that stands before all others, so that what they refuse is told too; calls that are
// refused by their headers (call-door.ts) never come here. Health and reflection are left out.
//
// Handlers find the span in the call's metadata, as traceparent, where the caller's own was: what
// they start is a child of it, or links to it.
import { status } from '@grpc/grpc-js';
import type { Metadata, ServerInterceptingCallInterface, ServerInterceptor } from '@grpc/grpc-js';
import { SpanKind, SpanStatusCode, type Span } from '@opentelemetry/api';
import { traceparentIn } from './call-context.ts';
import { SECONDS, histogram } from './histograms.ts';
import { observedGauge } from './observed.ts';
import { PassingCall } from './passing-call.ts';
import { isServerFault } from './server-faults.ts';
import { IS_STREAM } from './span-attributes.ts';
import { contextOfTraceparent, traceparentOf, tracer } from './telemetry.ts';

type Status = Parameters<ServerInterceptingCallInterface['sendStatus']>[0];
type Method = Parameters<ServerInterceptor>[0];

const TRACEPARENT = 'traceparent';
const METHOD = 'rpc.method';
const STATUS = 'rpc.response.status_code';
const SYSTEM = 'rpc.system.name';
const MS_PER_SECOND = 1_000;

const duration = histogram(
  'rpc.server.call.duration',
  'How long a call took, a stream too, by its method and its status.',
  's',
  SECONDS,
  [SYSTEM, METHOD, STATUS],
);
const openCalls = observedGauge(
  'bank.server.calls.open',
  'Calls that are open now, streams too, by method.',
  '{call}',
  [METHOD],
);

/** What is known of one method; made at its first call. */
type Counted = { readonly name: string; readonly isStream: boolean; open: number };

const methods = new Map<string, Counted>();
openCalls.watch(() => Array.from(methods.values(), ({ name, open }) => [open, { [METHOD]: name }]));

export const callTelemetry: ServerInterceptor = (method, call) =>
  isTold(method.path) ? new ToldCall(countedOf(method), call) : new PassingCall(call);

function isTold(path: string): boolean {
  return !path.startsWith('/grpc.');
}

/** Only methods that are served come here: there are few. */
function countedOf({ path, requestStream, responseStream }: Method): Counted {
  const known = methods.get(path);
  if (known !== undefined) return known;
  const made = { name: path.slice(1), isStream: requestStream || responseStream, open: 0 };
  methods.set(path, made);
  return made;
}

class ToldCall extends PassingCall {
  readonly #begunMs = performance.now();
  readonly #method: Counted;
  #span: Span | undefined;
  #isOver = false;

  constructor(method: Counted, next: ServerInterceptingCallInterface) {
    super(next);
    this.#method = method;
    method.open += 1;
  }

  override onReceiveMetadata(metadata: Metadata): void {
    this.#span = startSpan(this.#method, metadata);
    super.onReceiveMetadata(metadata);
  }

  override onCancel(): void {
    this.#end(status.CANCELLED);
    super.onCancel();
  }

  override sendStatus(sent: Status): void {
    this.#end(sent.code ?? status.OK);
    super.sendStatus(sent);
  }

  /** The first end counts: a call that was answered is told of as cancelled too. */
  #end(code: status): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#method.open -= 1;
    const seconds = (performance.now() - this.#begunMs) / MS_PER_SECOND;
    const name = status[code];
    const told = { [SYSTEM]: 'grpc', [METHOD]: this.#method.name, [STATUS]: name };
    duration.record(seconds, told, this.#span && traceparentOf(this.#span));
    this.#span?.setAttribute(STATUS, name);
    // Long streams end UNAVAILABLE as a rule; what has failed in them says so by itself.
    const isRule = this.#method.isStream && code === status.UNAVAILABLE;
    if (isServerFault(code) && !isRule) {
      this.#span?.setAttribute('error.type', name).setStatus({ code: SpanStatusCode.ERROR });
    }
    this.#span?.end();
  }
}

/** Undefined: nothing is recorded, and the caller's own context goes on. */
function startSpan({ name, isStream }: Counted, metadata: Metadata): Span | undefined {
  const parent = contextOfTraceparent(traceparentIn(metadata));
  const attributes = { [SYSTEM]: 'grpc', [METHOD]: name, ...(isStream ? STREAM : {}) };
  const span = tracer('rpc').startSpan(name, { kind: SpanKind.SERVER, attributes }, parent);
  if (!span.isRecording()) return undefined;
  const own = traceparentOf(span);
  if (own !== undefined) metadata.set(TRACEPARENT, own);
  return span;
}

const STREAM = { [IS_STREAM]: true };
