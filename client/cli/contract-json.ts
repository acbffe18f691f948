/**
 * Messages of the contract in protobuf's own JSON form, the same that grpcurl writes and
 * docs/contract.md shows: int64 as text, times to their last digit, what is empty left out.
 */
import { fromBinary, toJson, type JsonValue } from '@bufbuild/protobuf';
import { contractRegistry } from '../contract-registry.ts';

/** What of a generated message's codec it takes. */
export type Codec<T> = { readonly encode: (message: T) => { finish: () => Uint8Array } };

/** `name`: as in bank.v1.Account. */
export function jsonOf<T>(name: string, codec: Codec<T>): (message: T) => JsonValue {
  return (message) => {
    const registry = contractRegistry();
    const type = registry.getMessage(name);
    if (type === undefined) throw new Error(`${name} is no message of the contract`);
    return toJson(type, fromBinary(type, codec.encode(message).finish()), { registry });
  };
}
