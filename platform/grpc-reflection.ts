// grpc.reflection.v1 and v1alpha, so that grpcurl and the like need no proto files. Descriptors
// come from generated/descriptors.binpb (a FileDescriptorSet with its imports, made together with
// the generated code); listed are only the services that this server serves.
import { readFile } from 'node:fs/promises';
import { status } from '@grpc/grpc-js';
import { ServerReflectionService } from '#proto/grpc/reflection/v1/reflection.ts';
import type {
  ServerReflectionRequest,
  ServerReflectionResponse,
} from '#proto/grpc/reflection/v1/reflection.ts';
import * as alpha from '#proto/grpc/reflection/v1alpha/reflection.ts';
import { indexDescriptors } from './descriptor-index.ts';
import type { DescriptorIndex } from './descriptor-index.ts';
import { refusal, type RpcError } from './grpc-errors.ts';
import type { Logger } from './logger.ts';
import { bidiStream } from './streaming.ts';

const DESCRIPTORS = new URL('../generated/descriptors.binpb', import.meta.url);

const STREAMS_MAX = 64;
/** Names are shorter. */
const SHOWN_CHARACTERS_MAX = 200;

/**
 * The definitions and handlers to add to a server. `idleMs`: a caller asks what it wants to know,
 * and goes. `services`: what it lists, its own name comes last.
 */
export async function createReflection(
  log: Logger,
  idleMs: number,
  services: () => readonly string[],
) {
  const index = indexDescriptors(await readFile(DESCRIPTORS));
  const listed = () => [...services(), 'grpc.reflection.v1.ServerReflection'];
  let streams = 0;
  const serverReflectionInfo = bidiStream<ServerReflectionRequest, ServerReflectionResponse>(
    log,
    async (requests, send) => {
      if (streams >= STREAMS_MAX) throw tooMany();
      streams += 1;
      try {
        for await (const request of requests) await send(answer(index, listed(), request));
      } finally {
        streams -= 1;
      }
    },
    idleMs,
  );
  return {
    definitions: [ServerReflectionService, alpha.ServerReflectionService],
    handlers: { serverReflectionInfo },
  };
}

type MessageResponse = NonNullable<ServerReflectionResponse['messageResponse']>;

function answer(
  index: DescriptorIndex,
  services: readonly string[],
  request: ServerReflectionRequest,
): ServerReflectionResponse {
  return {
    validHost: request.host,
    originalRequest: request,
    messageResponse: respond(index, services, request.messageRequest),
  };
}

function respond(
  index: DescriptorIndex,
  services: readonly string[],
  request: ServerReflectionRequest['messageRequest'],
): MessageResponse {
  switch (request?.$case) {
    case 'listServices': {
      const service = services.map((name) => ({ name }));
      return { $case: 'listServicesResponse', value: { service } };
    }
    case 'fileByFilename':
      return filesOrNotFound(index.filesByName(request.value), `the file ${request.value}`);
    case 'fileContainingSymbol':
      return filesOrNotFound(index.filesBySymbol(request.value), request.value);
    case 'fileContainingExtension':
      return notFound(`an extension of ${request.value.containingType}`);
    case 'allExtensionNumbersOfType':
      // The contract has no extensions.
      if (index.filesBySymbol(request.value) === undefined) return notFound(request.value);
      return {
        $case: 'allExtensionNumbersResponse',
        value: { baseTypeName: request.value, extensionNumber: [] },
      };
    case undefined:
      return failure(status.INVALID_ARGUMENT, 'the request asks for nothing');
  }
}

function tooMany(): RpcError {
  const message = `${STREAMS_MAX} callers ask for the contract already`;
  return refusal(status.RESOURCE_EXHAUSTED, 'QUEUE_FULL', message, { retryAfterMs: 1_000 });
}

function filesOrNotFound(files: Uint8Array[] | undefined, what: string): MessageResponse {
  if (files === undefined) return notFound(what);
  const fileDescriptorProto = files.map((bytes) => Buffer.from(bytes));
  return { $case: 'fileDescriptorResponse', value: { fileDescriptorProto } };
}

function notFound(what: string): MessageResponse {
  const shown = what.slice(0, SHOWN_CHARACTERS_MAX).toWellFormed();
  return failure(status.NOT_FOUND, `${shown} is not part of this server's contract`);
}

function failure(errorCode: status, errorMessage: string): MessageResponse {
  return { $case: 'errorResponse', value: { errorCode, errorMessage } };
}
