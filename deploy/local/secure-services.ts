/**
 * What the services of a secure mesh are told besides: their certificates, whom they trust, and the
 * key of personal text; and how the person who runs it gets in.
 */
import { secureConnectUrl } from './secure-connect.ts';
import type { PairFiles, SecureGround } from './secure-ground.ts';
import { kafkaEnv } from './secure-kafka.ts';
import { secureRedisUrl } from './secure-redis.ts';
import { tokenEnv } from './secure-tokens.ts';
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
    ...tokenEnv(ground.tokens),
  };
  if (service === 'query') return common;
  const sealing = { BANK_KEK_FILE: ground.kekFile };
  if (service === 'command') return { ...common, ...sealing };
  return {
    ...common,
    ...sealing,
    ...kafkaEnv(ground, 'projector'),
    BANK_CONNECT_URL: secureConnectUrl(ground, ports.connect, 'projector'),
  };
}

/** How the person who runs the mesh gets in; default: in plaintext. */
export type OperatorFiles = PairFiles & { readonly caFile: string; readonly tokenFile: string };

export function operatorFiles(ground: SecureGround | undefined): OperatorFiles | undefined {
  if (ground === undefined) return undefined;
  const { caFile, pairs, tokens } = ground;
  return { caFile, tokenFile: tokens.operatorFile, ...pairs.operator };
}

/** For grpcurl, in a shell. */
export function grpcurlFlags(files: OperatorFiles | undefined): string {
  if (files === undefined) return '-plaintext';
  const { caFile, certFile, keyFile, tokenFile } = files;
  const token = `-H "authorization: Bearer $(cat ${tokenFile})"`;
  return `-cacert ${caFile} -cert ${certFile} -key ${keyFile} ${token}`;
}

/** And for the tools of this project. */
export function toolVariables(files: OperatorFiles): string[] {
  const { caFile, certFile, keyFile, tokenFile } = files;
  return [
    `BANK_CLIENT_CA_FILE=${caFile}`,
    `BANK_CLIENT_CERT_FILE=${certFile}`,
    `BANK_CLIENT_KEY_FILE=${keyFile}`,
    `BANK_CLIENT_TOKEN_FILE=${tokenFile}`,
  ];
}
