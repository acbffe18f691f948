/**
 * host:port of the replicas that a tool asks, as its command line gives them: divided by commas, as
 * `bank` takes them, or by spaces, or by the option once more. One that cannot be read is told.
 */
import { InvalidArgumentError } from 'commander';
import { parseAddress } from '#platform/config.ts';

/** For commander: behind the addresses that the option has given before. */
export function collectAddresses(text: string, before: readonly string[] | undefined): string[] {
  const addresses = text.split(',').map((one) => one.trim());
  const malformed = addresses.find((one) => hostOf(one) === undefined);
  if (malformed === undefined) return [...(before ?? []), ...addresses];
  throw new InvalidArgumentError(`${malformedText(malformed)}, several divided by commas`);
}

/** Of a gRPC target by a name server (dns://) it is all of it, as it may be any machine. */
export function hostOf(address: string): string | undefined {
  return address.startsWith('dns://') ? address : parseAddress(address)?.host;
}

export function malformedText(address: string): string {
  return `"${address}" must be host:port`;
}
