/** The size of a call's metadata, as HTTP/2 counts a list of headers. */
import type { Metadata } from '@grpc/grpc-js';

const OVERHEAD_BYTES = 32;

export function metadataBytes(metadata: Metadata): number {
  let bytes = 0;
  for (const name of Object.keys(metadata.getMap())) {
    for (const value of metadata.get(name)) bytes += name.length + value.length + OVERHEAD_BYTES;
  }
  return bytes;
}
