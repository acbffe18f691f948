/**
 * The door of a server that has as many unary calls in hand as it may: one more is refused when its
 * headers come, before grpc-js makes a call of it, before its message is read or decoded. So the
 * refused take as little as can be from those that are in hand. What has come through the door
 * while others were on their way is refused by the call guard, if need be.
 */
import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Server } from 'node:net';
import type { ServiceDefinition } from '@grpc/grpc-js';
import { toServiceError, type RpcError } from './grpc-errors.ts';
import { resetHalfOpen } from './half-open.ts';
import { silentLogger } from './logger.ts';

export type CallDoor = {
  /** The unary methods of the service are refused at the door; streams are not. */
  add(definition: ServiceDefinition): void;
  /** Stands before all listeners of streams that the server has. */
  guard(server: Server): void;
};

type Arrived = [ServerHttp2Stream, IncomingHttpHeaders, ...unknown[]];

/** `onRefused`: one more was refused, with the error. */
export function createCallDoor(
  isFull: () => boolean,
  error: RpcError,
  onRefused: () => void,
): CallDoor {
  const unaryPaths = new Set<string | undefined>();
  const refusal = trailersOnly(error);
  return {
    add(definition) {
      for (const { path, requestStream, responseStream } of Object.values(definition)) {
        if (!requestStream && !responseStream) unaryPaths.add(path);
      }
    },
    guard(server) {
      const listeners = server.listeners('stream');
      server.removeAllListeners('stream');
      server.on('stream', (...arrived: Arrived) => {
        const [stream, headers] = arrived;
        if (isFull() && unaryPaths.has(headers[':path'])) {
          onRefused();
          refuse(stream, refusal);
          return;
        }
        for (const one of listeners) Reflect.apply(one, server, arrived);
      });
    },
  };
}

/** What the caller still sends is let go by unread. */
function refuse(stream: ServerHttp2Stream, refusal: OutgoingHttpHeaders): void {
  stream.on('error', () => undefined); // its caller is gone
  if (stream.destroyed) return;
  stream.once('finish', () => resetHalfOpen(stream));
  stream.resume();
  stream.respond(refusal, { endStream: true });
}

/** The whole answer in one frame of headers, as gRPC has it for an answer without a message. */
function trailersOnly(error: RpcError): OutgoingHttpHeaders {
  const { code, details, metadata } = toServiceError(error, silentLogger);
  return {
    ':status': 200,
    'content-type': 'application/grpc+proto',
    'grpc-status': String(code),
    'grpc-message': encodeURI(details),
    ...metadata.toHttp2Headers(),
  };
}
