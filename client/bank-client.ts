/**
 * The typed client: one channel to the replicas of each service, and the contract's services on
 * top. Addresses are host:port. Several addresses of a service must be IP addresses (calls go round
 * them); a single host name is resolved to all of its addresses.
 */
import { isIPv4, isIPv6 } from 'node:net';
import type { ClientOptions } from '@grpc/grpc-js';
import { AccountCommandServiceClient } from '#proto/bank/v1/account_command_service.ts';
import { AccountQueryServiceClient } from '#proto/bank/v1/account_query_service.ts';
import { BulkModeServiceClient } from '#proto/bank/v1/bulk_mode_service.ts';
import { BulkServiceClient } from '#proto/bank/v1/bulk_service.ts';
import { EventLogServiceClient } from '#proto/bank/v1/event_log_service.ts';
import { ProjectorServiceClient } from '#proto/bank/v1/projector_service.ts';
import { channelAccess, type BankAccess } from './bank-access.ts';
import { CLIENT_DEFAULTS } from './client-defaults.ts';
import { operationIds } from './operation-ids.ts';
import { serviceConfigJson } from './service-config.ts';

export type BankAddresses = {
  readonly command: readonly string[];
  readonly query: readonly string[];
  readonly projector: readonly string[];
};

export type BankClient = {
  readonly accounts: AccountCommandServiceClient;
  readonly bulk: BulkServiceClient;
  readonly bulkMode: BulkModeServiceClient;
  readonly eventLog: EventLogServiceClient;
  readonly queries: AccountQueryServiceClient;
  readonly projector: ProjectorServiceClient;
  /** Ends the channels; calls in flight end CANCELLED or UNAVAILABLE. */
  close(): void;
};

export function createBankClient(addresses: BankAddresses, access: BankAccess = {}): BankClient {
  const all = [...addresses.command, ...addresses.query, ...addresses.projector];
  const { credentials, interceptors } = channelAccess(all, access);
  const options = { ...channelOptions(), interceptors };
  const command = channelTarget(addresses.command);
  const accounts = new AccountCommandServiceClient(command, credentials, {
    ...options,
    interceptors: [operationIds, ...interceptors],
  });
  const sameChannel = { ...options, channelOverride: accounts.getChannel() };
  const bulk = new BulkServiceClient(command, credentials, sameChannel);
  const bulkMode = new BulkModeServiceClient(command, credentials, sameChannel);
  const eventLog = new EventLogServiceClient(command, credentials, sameChannel);
  const query = channelTarget(addresses.query);
  const queries = new AccountQueryServiceClient(query, credentials, options);
  const projectorTarget = channelTarget(addresses.projector);
  const projector = new ProjectorServiceClient(projectorTarget, credentials, options);
  const close = () => {
    for (const client of [accounts, queries, projector]) client.close();
  };
  return { accounts, bulk, bulkMode, eventLog, queries, projector, close };
}

/** The gRPC target that names all replicas. One that is a target by itself (dns://) is it. */
export function channelTarget(addresses: readonly string[]): string {
  const [first, ...others] = addresses;
  if (first === undefined) throw new Error('no address is given');
  if (first.startsWith('dns://') && others.length === 0) return first;
  const hosts = addresses.map((address) => address.slice(0, address.lastIndexOf(':')));
  if (hosts.every((host) => isIPv4(host))) return `ipv4:${addresses.join(',')}`;
  if (hosts.every((host) => isIPv6(host.replace(/^\[(.*)\]$/, '$1')))) {
    return `ipv6:${addresses.join(',')}`;
  }
  if (others.length === 0) return `dns:///${first}`;
  throw new Error(`several addresses must be IP addresses of one kind: ${addresses.join(', ')}`);
}

function channelOptions(): ClientOptions {
  return {
    'grpc.service_config': serviceConfigJson(),
    'grpc.max_receive_message_length': CLIENT_DEFAULTS.receiveBytesMax,
    'grpc.initial_reconnect_backoff_ms': CLIENT_DEFAULTS.reconnectFirstMs,
    'grpc.max_reconnect_backoff_ms': CLIENT_DEFAULTS.reconnectMaxMs,
    'grpc.dns_min_time_between_resolutions_ms': CLIENT_DEFAULTS.resolveAgainMinMs,
    'grpc.keepalive_time_ms': CLIENT_DEFAULTS.keepaliveMs,
    'grpc.keepalive_timeout_ms': CLIENT_DEFAULTS.keepaliveTimeoutMs,
    'grpc.service_config_disable_resolution': 1,
  };
}
