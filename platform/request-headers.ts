/**
 * Two headers of a call that grpc-js takes too literally, put right before it sees them:
 * - `grpc-encoding`: it inflates each compressed message to the whole limit before anybody can
 *   look, so that a few kilobytes cost megabytes. Under a name that it does not know it answers
 *   UNIMPLEMENTED instead, as gRPC has it for a compression that is not served.
 * - `grpc-timeout`: a deadline of more than 24 days overflows its timer and has passed at once.
 */
import type { IncomingHttpHeaders } from 'node:http2';

const ENCODING = 'grpc-encoding';
const TIMEOUT = 'grpc-timeout';
const UNIT_MS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000 };
const TIMEOUT_MAX_MS = 2_000_000_000;

export function settleHeaders(headers: IncomingHttpHeaders): void {
  const encoding = headers[ENCODING];
  if (encoding !== undefined && encoding !== 'identity') {
    headers[ENCODING] = `${String(encoding)} (not served)`;
  }
  const timeout = headers[TIMEOUT];
  if (typeof timeout !== 'string') return;
  const unitMs = UNIT_MS[timeout.at(-1) ?? ''];
  if (unitMs === undefined) return; // 8 digits of a shorter unit fit
  if (Number.parseInt(timeout, 10) * unitMs > TIMEOUT_MAX_MS) {
    headers[TIMEOUT] = `${TIMEOUT_MAX_MS / 1_000}S`;
  }
}
