/**
 * Who may call a server's methods, in one piece: authentication, the table of scopes and quotas, as
 * its settings say. Health is open to whoever asks, reflection where the settings say so.
 */
import type { ServerInterceptor, ServiceDefinition } from '@grpc/grpc-js';
import { createAuthGuard, knowsNobody } from './auth-guard.ts';
import { asksWho, NO_AUTH, type AuthSettings } from './auth-settings.ts';
import { openAuthenticator, type Authenticator } from './authenticator.ts';
import type { Logger } from './logger.ts';
import { createMethodScopes, type ScopeTable } from './method-scopes.ts';
import type { Quotas } from './quotas.ts';
import { noKeys } from './token-refusals.ts';

export type AccessOptions = {
  /** Default: none. */
  readonly auth?: AuthSettings;
  /** A row for each method that the server serves; checked also without authentication. */
  readonly scopes?: ScopeTable;
  /** Of authenticated callers; default: none is refused. */
  readonly quotas?: Pick<Quotas, 'admit'> | undefined;
};

export type ServerAccess = {
  readonly interceptor: ServerInterceptor;
  /** Throws when a method has no row in the table. */
  add(definition: ServiceDefinition): void;
  /** Before the server listens. */
  open(): Promise<void>;
  close(): void;
};

const HEALTH = '/grpc.health.';
const REFLECTION = '/grpc.reflection.';

export function createServerAccess(options: AccessOptions, log: Logger): ServerAccess {
  const { auth = NO_AUTH, quotas } = options;
  const admit = quotas?.admit ?? admitAll;
  const isOff = !asksWho(auth);
  const scopes = createMethodScopes(options.scopes ?? {});
  let authenticator: Authenticator | undefined;
  const opened = (): Authenticator => {
    if (authenticator === undefined) throw noKeys();
    return authenticator;
  };
  const open = auth.openReflection ? [HEALTH, REFLECTION] : [HEALTH];
  const guard = createAuthGuard({ authenticator: opened, scopes, admit, open, log });
  return {
    interceptor: isOff ? knowsNobody : guard,
    add(definition) {
      if (options.scopes !== undefined) scopes.add(definition);
    },
    async open() {
      if (!isOff) authenticator = await openAuthenticator(auth, log);
    },
    close: () => authenticator?.close(),
  };
}

function admitAll(): Promise<undefined> {
  return Promise.resolve(undefined);
}
