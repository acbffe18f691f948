/**
 * What a call may do before and while its handler works, as a server interceptor: its metadata is
 * bounded, its request comes whole within a time, a unary one has a deadline, and no more unary
 * calls are in hand than the limit says. Whoever is refused is told at once, with a time to come
 * back; health is never refused for the others' sake.
 *
 * Calls whose request is not whole yet hold no place among those in hand: a caller that opens
 * thousands and sends nothing keeps nobody out. They are bounded by themselves, and the oldest
 * gives way, for an honest request is whole within milliseconds.
 */
import type { Metadata, ServerInterceptingCallInterface, ServerInterceptor } from '@grpc/grpc-js';
import { metadataBytes } from './call-metadata.ts';
import { toServiceError, type RpcError } from './grpc-errors.ts';
import { silentLogger } from './logger.ts';
import { PassingCall } from './passing-call.ts';
import type { ServerLimits } from './server-limits.ts';
import {
  countRefused,
  deadlinePassed,
  notWhole,
  stopping,
  tooManyCalls,
  tooManyOpen,
  tooMuchMetadata,
} from './server-refusals.ts';
import { readAhead, type ReadAhead } from './unread-messages.ts';

type Method = Parameters<ServerInterceptor>[0];

export type CallGuard = {
  readonly interceptor: ServerInterceptor;
  /** Unary calls that handlers work on, and calls whose request is not whole. */
  counts(): { inHand: number; open: number };
  /** The server drains: requests that are not whole are not waited for. */
  close(): void;
};

const LOOKS_A_REQUEST_TIME = 4;
const LOOK_EVERY_MS_MAX = 1_000;
/** They answer at once, and are bounded by themselves. */
const NEVER_REFUSED = ['/grpc.health.', '/grpc.reflection.'];

/** `longMethods`: paths of those whose calls may take long. */
export function createCallGuard(limits: ServerLimits, longMethods: readonly string[]): CallGuard {
  const isLong = new Set(longMethods);
  const open = new Set<GuardedCall>();
  let inHand = 0;
  const room: Room = {
    limits,
    opened(call) {
      open.add(call);
      const [oldest] = open;
      if (open.size > limits.openRequestsMax) oldest?.end(tooManyOpen(limits), 'open_requests');
    },
    closed: (call) => void open.delete(call),
    take() {
      if (inHand >= limits.callsMax) return false;
      inHand += 1;
      return true;
    },
    giveBack: () => void (inHand -= 1),
  };
  const look = setInterval(
    () => {
      const beforeMs = performance.now() - limits.requestMs;
      for (const call of open) {
        if (call.begunMs > beforeMs) return; // the oldest come first
        if (!call.isUpload) call.end(notWhole(limits), 'request_time');
      }
    },
    Math.min(LOOK_EVERY_MS_MAX, Math.ceil(limits.requestMs / LOOKS_A_REQUEST_TIME)),
  );
  look.unref();
  return {
    interceptor: (method, call) => new GuardedCall(room, method, call, isLong.has(method.path)),
    counts: () => ({ inHand, open: open.size }),
    close() {
      clearInterval(look);
      for (const call of open) call.end(stopping(), 'stopping');
    },
  };
}

type Room = {
  readonly limits: ServerLimits;
  /** Its request has begun, and is whole (or its upload has begun). */
  opened(call: GuardedCall): void;
  closed(call: GuardedCall): void;
  /** A place among the calls in hand. */
  take(): boolean;
  giveBack(): void;
};

class GuardedCall extends PassingCall {
  readonly begunMs = performance.now();
  /** Uploads have an idle time of their own. */
  readonly isUpload: boolean;
  readonly #room: Room;
  readonly #method: Method;
  readonly #deadlineMs: number | undefined;
  /** Of an upload. */
  readonly #ahead: ReadAhead | undefined;
  #timer: NodeJS.Timeout | undefined;
  #holdsPlace = false;
  /** Answered, or its caller is gone: grpc-js may tell of the end of its request all the same. */
  #isOver = false;

  constructor(room: Room, method: Method, next: ServerInterceptingCallInterface, isLong: boolean) {
    super(next);
    this.#room = room;
    this.#method = method;
    this.isUpload = method.requestStream;
    const { deadlineDefaultMs, longDeadlineDefaultMs, readAheadBytesMax } = room.limits;
    const read = (): void => next.startRead();
    this.#ahead = method.requestStream ? readAhead(readAheadBytesMax, read) : undefined;
    const isBounded = this.#isUnary && next.getDeadline() === Infinity;
    const deadlineMs = isLong ? longDeadlineDefaultMs : deadlineDefaultMs;
    this.#deadlineMs = isBounded ? deadlineMs : undefined;
  }

  get #isUnary(): boolean {
    return !this.#method.requestStream && !this.#method.responseStream;
  }

  override onReceiveMetadata(metadata: Metadata): void {
    const { limits } = this.#room;
    if (metadataBytes(metadata) > limits.metadataBytesMax) {
      return this.end(tooMuchMetadata(limits), 'metadata');
    }
    this.#room.opened(this);
    this.#boundTime();
    super.onReceiveMetadata(metadata);
  }

  override onReceiveMessage(message: unknown): void {
    if (this.isUpload) this.#room.closed(this);
    this.#ahead?.came(message);
    super.onReceiveMessage(message);
  }

  override onReceiveHalfClose(): void {
    this.#room.closed(this);
    if (this.#isOver) return;
    if (this.#isAdmitted()) super.onReceiveHalfClose();
    else this.end(tooManyCalls(this.#room.limits), 'calls');
  }

  override onCancel(): void {
    this.#isOver = true;
    this.#room.closed(this);
    clearTimeout(this.#timer);
    if (this.#holdsPlace) this.#room.giveBack();
    this.#holdsPlace = false;
    super.onCancel();
  }

  override startRead(): void {
    if (this.#ahead === undefined) this.next.startRead();
    else this.#ahead.read();
  }

  override getDeadline(): Date | number {
    if (this.#deadlineMs === undefined) return this.next.getDeadline();
    return Date.now() + this.#deadlineMs - (performance.now() - this.begunMs);
  }

  /** Refuses it, or gives it up. */
  end(error: RpcError, limit: string): void {
    countRefused(limit);
    this.#isOver = true;
    this.#room.closed(this);
    const { code, details, metadata } = toServiceError(error, silentLogger);
    this.next.sendStatus({ code, details, metadata });
  }

  #boundTime(): void {
    const deadlineMs = this.#deadlineMs;
    if (deadlineMs === undefined) return;
    const pass = (): void => this.end(deadlinePassed(deadlineMs), 'deadline');
    this.#timer = setTimeout(pass, deadlineMs);
    this.#timer.unref();
  }

  #isAdmitted(): boolean {
    if (!this.#isUnary) return true; // streams are bounded by their handlers
    if (NEVER_REFUSED.some((start) => this.#method.path.startsWith(start))) return true;
    this.#holdsPlace = this.#room.take();
    return this.#holdsPlace;
  }
}
