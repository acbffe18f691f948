/**
 * Before a handler sees a call: who calls (authenticator.ts), whether it may (method-scopes.ts),
 * and whether it has not had its share (quotas). A server interceptor behind the call guard. What
 * it has found out hangs on the call's metadata (caller.ts), from which the token is taken away, so
 * that nothing behind can print it. A stream ends when its caller's token does.
 */
import type { Metadata, ServerInterceptingCallInterface, ServerInterceptor } from '@grpc/grpc-js';
import type { Authenticator } from './authenticator.ts';
import { ANYONE, setCaller, type Caller } from './caller.ts';
import { toServiceError } from './grpc-errors.ts';
import type { Logger } from './logger.ts';
import type { MethodScopes } from './method-scopes.ts';
import { PassingCall } from './passing-call.ts';
import { peerIdentityOf } from './peer-certificate.ts';
import { tokenPassed } from './token-refusals.ts';

type Method = Parameters<ServerInterceptor>[0];

export type AuthGuardParts = {
  /** Asked anew for each call: what is there counts when the call comes. */
  readonly authenticator: () => Authenticator;
  readonly scopes: MethodScopes;
  /** Of a caller: throws an RpcError for one call too many; what it answers gives it back. */
  readonly admit: Admit;
  /** Beginnings of paths that are open to whoever asks. */
  readonly open: readonly string[];
  readonly log: Logger;
};

/** Without authentication: only where a call comes from is kept. */
export const knowsNobody: ServerInterceptor = (_method, call) => new UnknownCall(call);

class UnknownCall extends PassingCall {
  override onReceiveMetadata(metadata: Metadata): void {
    metadata.remove('authorization');
    setCaller(metadata, { ...ANYONE, peer: this.getPeer() });
    super.onReceiveMetadata(metadata);
  }
}

export type Admit = (caller: Caller, isStream: boolean) => Promise<(() => void) | undefined>;

const ALWAYS = (): void => undefined;
/** The longest time that a timer takes. */
const TIMER_MS_MAX = 2 ** 31 - 1;

export function createAuthGuard(parts: AuthGuardParts): ServerInterceptor {
  return (method, call) => {
    const isOpen = parts.open.some((start) => method.path.startsWith(start));
    return isOpen ? knowsNobody(method, call) : new KnownCall(parts, method, call);
  };
}

class KnownCall extends PassingCall {
  readonly #parts: AuthGuardParts;
  readonly #method: Method;
  #isOver = false;
  #giveBack = ALWAYS;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: AuthGuardParts, method: Method, next: ServerInterceptingCallInterface) {
    super(next);
    this.#parts = parts;
    this.#method = method;
  }

  override onCancel(): void {
    clearTimeout(this.#timer);
    this.#giveBack();
    this.#giveBack = ALWAYS;
    if (!this.#isOver) super.onCancel();
    this.#isOver = true;
  }

  /** Nothing of the request is read before the handler asks for it, and it comes after this. */
  override onReceiveMetadata(metadata: Metadata): void {
    const peer = this.getPeer();
    const authorization = metadata.get('authorization');
    metadata.remove('authorization');
    const certificate = peerIdentityOf(this);
    const enter = async (): Promise<void> => {
      const { authenticator, scopes, admit } = this.#parts;
      const identity = await authenticator().identify({ authorization, certificate });
      const caller = { ...identity, peer };
      setCaller(metadata, caller);
      // Also of what it may not do: whoever is refused without end is refused at its share's rate.
      const giveBack = await admit(caller, this.#isStream);
      if (this.#isOver) return giveBack?.();
      this.#giveBack = giveBack ?? ALWAYS;
      scopes.check(this.#method.path, caller);
      if (this.#isStream) this.#endWith(caller.expiresAtMs);
      super.onReceiveMetadata(metadata);
    };
    enter().catch((error: unknown) => {
      this.#giveBack();
      this.#giveBack = ALWAYS;
      if (!this.#isOver) this.#end(error);
    });
  }

  get #isStream(): boolean {
    return this.#method.requestStream || this.#method.responseStream;
  }

  /**
   * The handler is told at once: the status goes out behind what its caller has not read, and so
   * long its caller might go on sending.
   */
  #endWith(expiresAtMs: number | undefined): void {
    if (expiresAtMs === undefined) return;
    const leftMs = expiresAtMs - Date.now();
    const next = (): void => {
      if (Date.now() < expiresAtMs) return this.#endWith(expiresAtMs);
      this.#isOver = true;
      this.#end(tokenPassed());
      super.onCancel();
    };
    this.#timer = setTimeout(next, Math.min(Math.max(leftMs, 0), TIMER_MS_MAX));
    this.#timer.unref();
  }

  #end(error: unknown): void {
    const { code, details, metadata } = toServiceError(error, this.#parts.log);
    this.sendStatus({ code, details, metadata });
  }
}
