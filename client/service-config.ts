/**
 * The gRPC service config of a channel, made from the contract: calls go round all replicas, unary
 * calls end when the longest deadline has passed (each brings its own, shorter one), and a unary
 * method is retried when the contract says that doing it twice does no harm (option
 * idempotency_level). Streams are never retried here: their callers resume them.
 */
import type { DescMethod } from '@bufbuild/protobuf';
import { MethodOptions_IdempotencyLevel } from '@bufbuild/protobuf/wkt';
import { CLIENT_DEFAULTS } from './client-defaults.ts';
import { contractMethods } from './contract-registry.ts';

/** JSON for the channel option grpc.service_config. */
export function serviceConfigJson(): string {
  return JSON.stringify({
    loadBalancingConfig: [{ round_robin: {} }],
    methodConfig: contractMethods()
      .filter((method) => method.methodKind === 'unary')
      .map(methodConfig),
  });
}

function methodConfig(method: DescMethod): object {
  return {
    name: [{ service: method.parent.typeName, method: method.name }],
    timeout: seconds(CLIENT_DEFAULTS.unaryDeadlineMaxMs),
    ...(isRepeatable(method) ? { retryPolicy: RETRY_POLICY } : {}),
  };
}

function isRepeatable({ idempotency }: DescMethod): boolean {
  return (
    idempotency === MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS ||
    idempotency === MethodOptions_IdempotencyLevel.IDEMPOTENT
  );
}

const RETRY_POLICY = {
  maxAttempts: CLIENT_DEFAULTS.unaryAttempts,
  initialBackoff: seconds(CLIENT_DEFAULTS.unaryRetryFirstMs),
  maxBackoff: seconds(CLIENT_DEFAULTS.unaryRetryMaxMs),
  backoffMultiplier: 2,
  // INTERNAL: so grpc-js words the end of a call whose replica was killed, now and then.
  retryableStatusCodes: ['UNAVAILABLE', 'INTERNAL'],
};

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(3)}s`;
}
