/** The scopes of all methods of all services, by path. */
import { COMMAND_SCOPES } from '../../command-svc/call-scopes.ts';
import { PROJECTOR_SCOPES } from '../../projector-svc/call-scopes.ts';
import { QUERY_SCOPES } from '../../query-svc/call-scopes.ts';

const TABLE = { ...COMMAND_SCOPES, ...PROJECTOR_SCOPES, ...QUERY_SCOPES };

export const METHOD_SCOPES: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries(TABLE).flatMap(([service, rows]) =>
    Object.entries<readonly string[]>(rows).map(
      ([name, scopes]) => [`/${service}/${capital(name)}`, scopes] as const,
    ),
  ),
);

function capital(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}
