/**
 * Who calls. Authentication makes it, once a call, before the handler runs, and hangs it on the
 * call's metadata; without authentication every caller is ANYONE, of the one tenant without a name.
 */
import type { Metadata } from '@grpc/grpc-js';

export type Caller = {
  /** Who it is within its tenant; empty: nobody has asked. */
  readonly subject: string;
  /** Whose accounts and submissions it may reach. */
  readonly tenant: string;
  /** It reaches the accounts of this owner only; undefined: all of its tenant. */
  readonly owner: string | undefined;
  /** What it may do; undefined: everything. */
  readonly scopes: ReadonlySet<string> | undefined;
  /** When it is to be authenticated anew, milliseconds since 1970-01-01 UTC; undefined: never. */
  readonly expiresAtMs: number | undefined;
  /** The address that the call comes from, host:port; empty: it is not known. */
  readonly peer: string;
};

/** Which accounts a caller reaches. */
export type Reach = Pick<Caller, 'tenant' | 'owner'>;

/** A caller but for where it calls from. */
export type Identity = Omit<Caller, 'peer'>;

export const ANYONE: Caller = {
  subject: '',
  tenant: '',
  owner: undefined,
  scopes: undefined,
  expiresAtMs: undefined,
  peer: '',
};

/** What a service does by itself, in whatever tenant. */
export const THE_SERVICE: Caller = { ...ANYONE, subject: 'the service' };

/**
 * Where the names are unique that callers give to what they make: within a tenant, or, for a caller
 * that reaches one owner only, within that owner's part of it. No tenant has a slash.
 */
export function realmOf({ tenant, owner }: Reach): string {
  return owner === undefined ? tenant : `${tenant}/${owner}`;
}

/** `what`: something of a tenant, and of an owner in it. */
export function isReached(
  { tenant, owner }: Reach,
  what: { readonly tenant: string; readonly owner: string },
): boolean {
  return what.tenant === tenant && (owner === undefined || what.owner === owner);
}

const CALLER = Symbol('caller');

declare module '@grpc/grpc-js' {
  interface Metadata {
    /** Not sent, and not copied with the rest. */
    [CALLER]?: Caller;
  }
}

export function setCaller(metadata: Metadata, caller: Caller): void {
  metadata[CALLER] = caller;
}

export function callerOf(metadata: Metadata): Caller {
  return metadata[CALLER] ?? ANYONE;
}
