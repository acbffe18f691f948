/**
 * The resume token of WatchAccount: the version that its caller has, and the account's state as of
 * it, so that the states behind it follow from the entries alone, however old the token is.
 */
import type { AccountView } from './account-view.ts';
import { decodeToken, encodeToken } from './opaque-token.ts';

/** What the entry of a version does not say by itself. */
export type ToldState = Pick<
  AccountView,
  'version' | 'heldMinor' | 'overdraftLimitMinor' | 'status' | 'debitsFrozen' | 'creditsFrozen'
>;

const AT = { version: 0, held: 8, overdraftLimit: 16, status: 24, flags: 25 } as const;
const PAYLOAD_BYTES = 26;
const DEBITS_FROZEN = 1;
const CREDITS_FROZEN = 2;

export function encodeWatchToken(accountId: string, state: ToldState): string {
  const payload = Buffer.alloc(PAYLOAD_BYTES);
  payload.writeBigInt64BE(state.version, AT.version);
  payload.writeBigInt64BE(state.heldMinor, AT.held);
  payload.writeBigInt64BE(state.overdraftLimitMinor, AT.overdraftLimit);
  payload.writeUInt8(state.status, AT.status);
  const flags =
    (state.debitsFrozen ? DEBITS_FROZEN : 0) + (state.creditsFrozen ? CREDITS_FROZEN : 0);
  payload.writeUInt8(flags, AT.flags);
  return encodeToken(subjectOf(accountId), payload);
}

/** Undefined: the token is not of a watch of this account. */
export function decodeWatchToken(accountId: string, token: string): ToldState | undefined {
  const payload = decodeToken(subjectOf(accountId), token, PAYLOAD_BYTES);
  if (payload === undefined) return undefined;
  const flags = payload.readUInt8(AT.flags);
  return {
    version: payload.readBigInt64BE(AT.version),
    heldMinor: payload.readBigInt64BE(AT.held),
    overdraftLimitMinor: payload.readBigInt64BE(AT.overdraftLimit),
    status: payload.readUInt8(AT.status),
    debitsFrozen: (flags & DEBITS_FROZEN) !== 0,
    creditsFrozen: (flags & CREDITS_FROZEN) !== 0,
  };
}

function subjectOf(accountId: string): string[] {
  return ['watch', accountId];
}
