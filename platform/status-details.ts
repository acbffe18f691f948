// google.rpc.Status with its standard details (BadRequest, ErrorInfo, RetryInfo), as bytes in the
// trailer grpc-status-details-bin: written for the caller by grpc-errors.ts, read by clients and
// tests. What would not fit into trailers of 8 KB, the limit of many clients and proxies, is cut.
import type { Metadata } from '@grpc/grpc-js';
import { BadRequest, ErrorInfo, RetryInfo } from '#proto/google/rpc/error_details.ts';
import { Status } from '#proto/google/rpc/status.ts';

const ERROR_DOMAIN = 'bank.v1';
const TYPE_PREFIX = 'type.googleapis.com/google.rpc.';
const VIOLATIONS_MAX = 10;
/** It may end with the command that helps. */
export const MESSAGE_LENGTH_MAX = 400;
/** Of a field, a description. */
const TEXT_LENGTH_MAX = 160;

/** What an error tells its caller. */
export type StatusDetails = {
  code: number;
  message: string;
  reason: string | undefined;
  domain: string | undefined;
  metadata: Record<string, string>;
  violations: { field: string; description: string }[];
  retryAfterMs: number | undefined;
};

type Source = {
  code: number;
  message: string;
  reason: string | undefined;
  violations: { field: string; description: string }[] | undefined;
  metadata: Record<string, string> | undefined;
  retryAfterMs: number | undefined;
};

type Detail = { typeUrl: string; value: Buffer };

/** undefined when there is nothing to say beyond code and message. */
export function encodeStatusDetails(source: Source): Buffer | undefined {
  const details = [badRequest(source), errorInfo(source), retryInfo(source)].filter(
    (detail) => detail !== undefined,
  );
  if (details.length === 0) return undefined;
  const code = source.code;
  const message = cut(source.message, MESSAGE_LENGTH_MAX);
  return Buffer.from(Status.encode(Status.fromPartial({ code, message, details })).finish());
}

/** The details in an error's metadata; undefined when there are none. */
export function decodeStatusDetails(metadata: Metadata): StatusDetails | undefined {
  const [bytes] = metadata.get('grpc-status-details-bin');
  if (!Buffer.isBuffer(bytes)) return undefined;
  const decoded = Status.decode(bytes);
  const result: StatusDetails = {
    code: decoded.code,
    message: decoded.message,
    reason: undefined,
    domain: undefined,
    metadata: {},
    violations: [],
    retryAfterMs: undefined,
  };
  for (const detail of decoded.details) addDetail(result, detail);
  return result;
}

function badRequest(source: Source): Detail | undefined {
  if (source.violations === undefined) return undefined;
  const fieldViolations = source.violations.slice(0, VIOLATIONS_MAX).map((violation) => ({
    field: cut(violation.field),
    description: cut(violation.description),
  }));
  const message = BadRequest.fromPartial({ fieldViolations });
  return detail('BadRequest', BadRequest.encode(message).finish());
}

function errorInfo(source: Source): Detail | undefined {
  if (source.reason === undefined) return undefined;
  const metadata: Record<string, string> = {};
  for (const [key, text] of Object.entries(source.metadata ?? {})) metadata[key] = cut(text);
  const message = ErrorInfo.fromPartial({
    reason: source.reason,
    domain: ERROR_DOMAIN,
    metadata,
  });
  return detail('ErrorInfo', ErrorInfo.encode(message).finish());
}

function retryInfo(source: Source): Detail | undefined {
  if (source.retryAfterMs === undefined) return undefined;
  const seconds = Math.floor(source.retryAfterMs / 1000);
  const nanos = Math.round(source.retryAfterMs % 1000) * 1_000_000;
  const message = RetryInfo.fromPartial({ retryDelay: { seconds: BigInt(seconds), nanos } });
  return detail('RetryInfo', RetryInfo.encode(message).finish());
}

function addDetail(result: StatusDetails, detail: { typeUrl: string; value: Uint8Array }): void {
  switch (detail.typeUrl) {
    case `${TYPE_PREFIX}BadRequest`:
      for (const { field, description } of BadRequest.decode(detail.value).fieldViolations) {
        result.violations.push({ field, description });
      }
      break;
    case `${TYPE_PREFIX}ErrorInfo`: {
      const info = ErrorInfo.decode(detail.value);
      result.reason = info.reason;
      result.domain = info.domain;
      result.metadata = { ...info.metadata };
      break;
    }
    case `${TYPE_PREFIX}RetryInfo`: {
      const delay = RetryInfo.decode(detail.value).retryDelay;
      if (delay !== undefined)
        result.retryAfterMs = Number(delay.seconds) * 1000 + delay.nanos / 1e6;
      break;
    }
    default: // a detail of a newer server: nothing here needs it
  }
}

function detail(type: string, bytes: Uint8Array): Detail {
  return { typeUrl: TYPE_PREFIX + type, value: Buffer.from(bytes) };
}

/** A text of bounded length. No half of a character is left: grpc-js cannot send one. */
export function cut(text: string, lengthMax = TEXT_LENGTH_MAX): string {
  const shown = text.length <= lengthMax ? text : `${text.slice(0, lengthMax - 3)}...`;
  return shown.toWellFormed();
}
