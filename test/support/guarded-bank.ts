/**
 * A mesh whose services ask every caller who it is, an issuer of tokens beside it, and the ground
 * of one tenant that others try to reach.
 */
import type { DescMethod } from '@bufbuild/protobuf';
import type { Metadata } from '@grpc/grpc-js';
import { createBankClient, type BankClient } from '#client/bank-client.ts';
import { waitForProjection } from '#test/support/check-projection.ts';
import { makeGround } from '#test/support/contract-ground.ts';
import { callMethod, type Answer, type JsonObject } from '#test/support/contract-methods.ts';
import { openMesh, type Mesh } from '#test/support/mesh.ts';
import type { Random } from '#test/support/random.ts';
import type { Ground } from '#test/support/served-requests.ts';
import {
  AUDIENCE,
  bearing,
  ISSUER,
  openTokenIssuer,
  type Claims,
  type TokenIssuer,
} from '#test/support/token-issuer.ts';

export const SCOPES = [
  'accounts.read',
  'accounts.write',
  'bulk.write',
  'ops.read',
  'ops.write',
] as const;
export const EVERY_SCOPE = [...SCOPES, 'tenants.all'];

export type GuardedBank = {
  readonly mesh: Mesh;
  readonly issuer: TokenIssuer;
  /** Of the tenant acme. */
  readonly ground: Ground;
  /** Of acme. */
  readonly client: BankClient;
  call(method: DescMethod, request: JsonObject, metadata: Metadata, ms?: number): Promise<Answer>;
  addressOf(method: DescMethod): string;
  /** Of acme, with the scopes that a tenant's own people have. */
  bearing(claims?: Claims, seconds?: number): Promise<Metadata>;
  close(): Promise<void>;
};

const DEADLINE_MS = 10_000;

export async function openGuardedBank(random: Random): Promise<GuardedBank> {
  const issuer = await openTokenIssuer();
  const mesh = await openMesh({ command: 1, query: 1, projector: 1 }, authEnv(issuer));
  const own = { sub: 'acme-payroll', tenant: 'acme', scope: SCOPES.join(' ') };
  const token = await issuer.token(own, 3_600);
  const client = createBankClient(mesh.addresses, { token: () => token });
  const ground = await makeGround(client, random);
  await waitForProjection(mesh.stores);
  const addressOf = (method: DescMethod): string => addressIn(mesh, method);
  return {
    mesh,
    issuer,
    ground,
    client,
    addressOf,
    call: (method, request, metadata, ms = DEADLINE_MS) =>
      callMethod(addressOf(method), method, request, ms, metadata),
    bearing: async (claims = {}, seconds = 600) =>
      bearing(await issuer.token({ ...own, ...claims }, seconds)),
    async close() {
      client.close();
      await mesh.close();
      await issuer.stop();
    },
  };
}

/** What makes a service of the mesh ask who calls. */
export function authEnv({ jwksUrl }: Pick<TokenIssuer, 'jwksUrl'>): Record<string, string> {
  return {
    BANK_AUTH: 'jwt',
    BANK_AUTH_ISSUER: ISSUER,
    BANK_AUTH_AUDIENCE: AUDIENCE,
    BANK_AUTH_JWKS: jwksUrl,
    BANK_AUTH_CLOCK_LEEWAY_MS: '0',
  };
}

function addressIn({ addresses }: Mesh, { parent }: DescMethod): string {
  const { command, query, projector } = addresses;
  if (parent.name === 'AccountQueryService') return query[0] ?? '';
  return (parent.name === 'ProjectorService' ? projector[0] : command[0]) ?? '';
}
