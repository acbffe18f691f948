/**
 * Which scopes a call of each method needs: one table, rows by service, of which each service has
 * its own. A method without a row, and a row without a method, is an error when the service starts.
 */
import { status } from '@grpc/grpc-js';
import type { ServiceDefinition } from '@grpc/grpc-js';
import type { Caller } from './caller.ts';
import { refusal, type RpcError } from './grpc-errors.ts';

/** All of them are needed. */
export type Scopes<Scope extends string = string> = readonly [Scope, ...Scope[]];
export type ScopeRows<Service, Scope extends string = string> = {
  readonly [Method in keyof Service]: Scopes<Scope>;
};

export type MethodScopes = {
  /** Throws for a service with a method that has no row, or the other way round. */
  add(definition: ServiceDefinition): void;
  /** Throws PERMISSION_DENIED for a caller that lacks one. */
  check(path: string, caller: Pick<Caller, 'scopes'>): void;
};

/** `rows`: by full service name, then by method as the definition names it. */
export type ScopeTable = Readonly<Record<string, Readonly<Record<string, Scopes>>>>;

export function createMethodScopes(table: ScopeTable): MethodScopes {
  const byPath = new Map<string, Scopes>();
  return {
    add(definition) {
      const methods = Object.entries(definition);
      const service = methods[0]?.[1].path.split('/')[1] ?? '';
      const rows = new Map(Object.entries(table[service] ?? {}));
      for (const [name, { path }] of methods) {
        const scopes = rows.get(name);
        if (scopes === undefined) throw new Error(`no scope is set for ${path}`);
        byPath.set(path, scopes);
        rows.delete(name);
      }
      const [left] = rows.keys();
      if (left !== undefined)
        throw new Error(`a scope is set for ${service}/${left}: there is none`);
    },
    check(path, { scopes }) {
      if (scopes === undefined) return;
      const needed = byPath.get(path);
      if (needed === undefined) throw missingScope('a scope for this method');
      for (const scope of needed) if (!scopes.has(scope)) throw missingScope(scope);
    },
  };
}

export function missingScope(scope: string): RpcError {
  const message = `the caller's token lacks the scope ${scope}`;
  return refusal(status.PERMISSION_DENIED, 'MISSING_SCOPE', message, { metadata: { scope } });
}
