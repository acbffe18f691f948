/**
 * Clients of the mesh whose every way to a service goes through a proxy: the product's own, and one
 * that sends each call once, so that its caller knows how often a command was sent.
 */
import { credentials } from '@grpc/grpc-js';
import { channelTarget, createBankClient, type BankClient } from '#client/bank-client.ts';
import type { Mesh } from '#deploy/local/mesh.ts';
import { AccountCommandServiceClient } from '#proto/bank/v1/account_command_service.ts';
import { BulkServiceClient } from '#proto/bank/v1/bulk_service.ts';
import type { Toxiproxy } from './toxiproxy.ts';
import { wayName } from './ways.ts';

export type ProxiedClients = {
  /** To all replicas of each service. */
  readonly toAll: BankClient;
  /** To the n-th replica of each service, and to the one there is of those with one. */
  readonly to: (n: number) => BankClient;
  readonly once: OnceClient;
  readonly close: () => void;
};

/** To all replicas, without retries of its own. */
export type OnceClient = Pick<BankClient, 'accounts' | 'bulk'>;

const ONCE = {
  'grpc.enable_retries': 0,
  'grpc.service_config': JSON.stringify({
    loadBalancingConfig: [{ round_robin: {} }],
    methodConfig: [{ name: [{}], timeout: '10s' }],
  }),
  'grpc.service_config_disable_resolution': 1,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 2_000,
} as const;

export async function openClients(mesh: Mesh, proxies: Toxiproxy): Promise<ProxiedClients> {
  const proxied = async (service: keyof Mesh['addresses']): Promise<string[]> => {
    const addresses: string[] = [];
    for (const [index, address] of mesh.addresses[service].entries()) {
      const upstream = Number(address.split(':')[1]);
      const name = wayName('client', `${service}-${index + 1}`);
      addresses.push(`127.0.0.1:${await proxies.stand(name, upstream)}`);
    }
    return addresses;
  };
  const all = {
    command: await proxied('command'),
    query: await proxied('query'),
    projector: await proxied('projector'),
  };
  const clients: BankClient[] = [];
  const open = (only?: number): BankClient => {
    const of = (addresses: readonly string[]): readonly string[] =>
      only === undefined || addresses.length === 1 ? addresses : addresses.slice(only - 1, only);
    const client = createBankClient({
      command: of(all.command),
      query: of(all.query),
      projector: of(all.projector),
    });
    clients.push(client);
    return client;
  };
  const once = openOnce(all.command);
  return {
    toAll: open(),
    to: open,
    once,
    close: () => {
      for (const client of [...clients, once.accounts]) client.close();
    },
  };
}

function openOnce(addresses: readonly string[]): OnceClient {
  const target = channelTarget(addresses);
  const accounts = new AccountCommandServiceClient(target, credentials.createInsecure(), ONCE);
  const channelOverride = accounts.getChannel();
  const options = { ...ONCE, channelOverride };
  return { accounts, bulk: new BulkServiceClient(target, credentials.createInsecure(), options) };
}
