/**
 * The contract's messages and services as the package brings them along: what a channel's service
 * config and the JSON form of messages are made of. Read once, at the first question.
 */
import { readFileSync } from 'node:fs';
import { createFileRegistry, fromBinary, type DescMethod, type Registry } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

const DESCRIPTORS = new URL('../generated/descriptors.binpb', import.meta.url);
const PACKAGE = 'bank.v1.';

let read: Registry | undefined;

export function contractRegistry(): Registry {
  return (read ??= createFileRegistry(
    fromBinary(FileDescriptorSetSchema, readFileSync(DESCRIPTORS)),
  ));
}

/** Of the bank's own services. */
export function contractMethods(): DescMethod[] {
  return [...contractRegistry()]
    .filter((type) => type.kind === 'service')
    .filter((service) => service.typeName.startsWith(PACKAGE))
    .flatMap((service) => service.methods);
}
