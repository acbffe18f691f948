/** What the services of a secure mesh are told besides: their certificates, and whom they trust. */
import { secureConnectUrl } from './secure-connect.ts';
import type { PairFiles, SecureGround } from './secure-ground.ts';
import { kafkaEnv } from './secure-kafka.ts';
import { secureRedisUrl } from './secure-redis.ts';
import type { Service } from './services.ts';

export type SecurePorts = { readonly redis: number; readonly connect: number };

export function secureServiceEnv(
  ground: SecureGround,
  ports: SecurePorts,
  service: Service,
): Record<string, string> {
  const { certFile, keyFile } = ground.pairs[service];
  const common = {
    BANK_TLS_CERT_FILE: certFile,
    BANK_TLS_KEY_FILE: keyFile,
    BANK_TLS_CLIENT_CA_FILE: ground.caFile,
    BANK_REDIS_URL: secureRedisUrl(ground, ports.redis, service),
  };
  if (service !== 'projector') return common;
  return {
    ...common,
    ...kafkaEnv(ground, 'projector'),
    BANK_CONNECT_URL: secureConnectUrl(ground, ports.connect, 'projector'),
  };
}

/** How the person who runs the mesh gets in; default: in plaintext. */
export type OperatorFiles = PairFiles & { readonly caFile: string };

export function operatorFiles(ground: SecureGround | undefined): OperatorFiles | undefined {
  return ground && { caFile: ground.caFile, ...ground.pairs.operator };
}

/** The same for grpcurl. */
export function grpcurlFlags(files: OperatorFiles | undefined): string {
  if (files === undefined) return '-plaintext';
  return `-cacert ${files.caFile} -cert ${files.certFile} -key ${files.keyFile}`;
}

/** And for the tools of this project. */
export function toolVariables({ caFile, certFile, keyFile }: OperatorFiles): string[] {
  return [
    `BANK_CLIENT_CA_FILE=${caFile}`,
    `BANK_CLIENT_CERT_FILE=${certFile}`,
    `BANK_CLIENT_KEY_FILE=${keyFile}`,
  ];
}
