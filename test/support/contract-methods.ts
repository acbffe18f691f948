/**
 * The contract as its descriptors say it: every method of every service, the fields of its request
 * down to their leaves, and calls with requests in JSON. Nothing here knows a field by name, so
 * that a test over all of them cannot forget one.
 */
import { readFileSync } from 'node:fs';
import {
  createFileRegistry,
  fromBinary,
  fromJson,
  toBinary,
  toJson,
  type DescMessage,
  type DescMethod,
  type JsonValue,
} from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import {
  Client,
  credentials,
  Metadata,
  status,
  type ClientReadableStream,
  type ServiceError,
} from '@grpc/grpc-js';
import { decodeStatusDetails } from '#platform/grpc-errors.ts';

const DESCRIPTORS = new URL('../../generated/descriptors.binpb', import.meta.url);
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(DESCRIPTORS)));

export type JsonObject = { [name: string]: JsonValue };
export type Answer = { code: status; reason: string; message: string; responses: JsonValue[] };

export const CONTRACT_METHODS = methodsOf((name) => name === 'bank.v1');
/** What every server serves besides: health and reflection. */
export const SERVER_METHODS = methodsOf((name) => name.startsWith('grpc.'));

function methodsOf(isWanted: (packageName: string) => boolean): readonly DescMethod[] {
  return [...registry.files]
    .filter((file) => isWanted(file.proto.package))
    .flatMap((file) => file.services.flatMap((service) => service.methods));
}

/**
 * Paths of proto names down to scalars, enums, lists, maps and messages of google.protobuf. `a[].b`
 * is the field b of the messages in the list a.
 */
export function fieldPaths(message: DescMessage, prefix = ''): string[] {
  return message.fields.flatMap((field) => {
    const path = `${prefix}${field.name}`;
    const inner = field.message;
    if (inner === undefined || inner.typeName.startsWith('google.')) return [path];
    return fieldPaths(inner, field.fieldKind === 'list' ? `${path}[].` : `${path}.`);
  });
}

/**
 * A copy of a request with one field set; of a list, in its first element. A member of a oneof
 * takes the place of the one that is set.
 */
export function withField(
  message: DescMessage,
  request: JsonObject,
  path: string,
  value: JsonValue,
): JsonObject {
  const [step = '', ...rest] = path.split('.');
  const name = step.replace('[]', '');
  const field = message.fields.find((one) => one.name === name);
  const kept = { ...request };
  for (const sibling of field?.oneof?.fields ?? []) {
    if (sibling.name !== name) delete kept[sibling.name];
  }
  if (rest.length === 0 || field?.message === undefined) return { ...kept, [name]: value };
  const set = (inner: JsonValue | undefined): JsonObject =>
    withField(field.message ?? message, asObject(inner), rest.join('.'), value);
  const inner = kept[name];
  if (step === name) return { ...kept, [name]: set(inner) };
  const [first, ...others] = Array.isArray(inner) ? inner : [];
  return { ...kept, [name]: [set(first), ...others] };
}

function asObject(value: JsonValue | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
}

/** Calls a method of any kind with one request message; a failed call is an answer too. */
export function callMethod(
  address: string,
  method: DescMethod,
  request: JsonObject,
  deadlineMs: number,
  metadata = new Metadata(),
): Promise<Answer> {
  const client = new Client(address, credentials.createInsecure());
  const path = `/${method.parent.typeName}/${method.name}`;
  const bytes = Buffer.from(toBinary(method.input, fromJson(method.input, request, { registry })));
  const same = (given: Buffer): Buffer => given;
  const options = { deadline: Date.now() + deadlineMs };
  const responses: JsonValue[] = [];
  const take = (response: Buffer): void => {
    const message = fromBinary(method.output, response);
    responses.push(toJson(method.output, message, { registry, useProtoFieldName: true }));
  };
  return new Promise<Answer>((resolve) => {
    const end = (error: ServiceError | null): void => resolve({ ...ended(error), responses });
    const answered = (error: ServiceError | null, response?: Buffer): void => {
      if (response !== undefined) take(response);
      end(error);
    };
    if (method.methodKind === 'unary') {
      client.makeUnaryRequest(path, same, same, bytes, metadata, options, answered);
    } else if (method.methodKind === 'client_streaming') {
      client.makeClientStreamRequest(path, same, same, metadata, options, answered).end(bytes);
    } else {
      let call: ClientReadableStream<Buffer>;
      if (method.methodKind === 'server_streaming') {
        call = client.makeServerStreamRequest(path, same, same, bytes, metadata, options);
      } else {
        const both = client.makeBidiStreamRequest(path, same, same, metadata, options);
        both.end(bytes);
        call = both;
      }
      call.on('data', take);
      call.on('end', () => end(null));
      call.on('error', (error: ServiceError) => end(error));
    }
  }).finally(() => client.close());
}

function ended(error: ServiceError | null): Omit<Answer, 'responses'> {
  if (error === null) return { code: status.OK, reason: '', message: '' };
  const reason = decodeStatusDetails(error.metadata)?.reason ?? '';
  return { code: error.code, reason, message: error.details };
}
