/**
 * A call on its way between grpc-js and its handler that hands on all that comes, in both
 * directions, as it is and at once. What guards or tells of calls is one of these, with what it
 * cares for overridden. grpc-js' own hands everything on through closures, for those who answer
 * later, which is dear for what every call goes through several times.
 */
import { ServerInterceptingCall } from '@grpc/grpc-js';
import type { Metadata, ServerInterceptingCallInterface } from '@grpc/grpc-js';

type Listener = Parameters<ServerInterceptingCallInterface['start']>[0];
type Status = Parameters<ServerInterceptingCallInterface['sendStatus']>[0];

export class PassingCall extends ServerInterceptingCall implements Listener {
  /** Towards the caller. */
  protected readonly next: ServerInterceptingCallInterface;
  /** Towards the handler. */
  #listener: Listener | undefined;

  constructor(next: ServerInterceptingCallInterface) {
    super(next);
    this.next = next;
  }

  override start(listener: Listener): void {
    this.#listener = listener;
    this.next.start(this);
  }

  onReceiveMetadata(metadata: Metadata): void {
    this.#listener?.onReceiveMetadata(metadata);
  }

  onReceiveMessage(message: unknown): void {
    this.#listener?.onReceiveMessage(message);
  }

  onReceiveHalfClose(): void {
    this.#listener?.onReceiveHalfClose();
  }

  onCancel(): void {
    this.#listener?.onCancel();
  }

  override sendMetadata(metadata: Metadata): void {
    this.next.sendMetadata(metadata);
  }

  override sendMessage(message: unknown, callback: () => void): void {
    this.next.sendMessage(message, callback);
  }

  override sendStatus(status: Status): void {
    this.next.sendStatus(status);
  }
}
