/**
 * How Kafka is reached, read from the environment: TLS (BANK_KAFKA_TLS, or an authority of one's
 * own in BANK_KAFKA_CA_FILE) and SASL by SCRAM-SHA-512. Without TLS a password is sent nowhere but
 * on this machine.
 */
import type { KafkaConfig, SASLOptions } from 'kafkajs';
import { z } from 'zod';
import { clientTls } from './client-tls.ts';
import { ConfigError } from './config.ts';

export type KafkaSecurity = Pick<KafkaConfig, 'ssl' | 'sasl'>;

export const KAFKA_ENV = {
  BANK_KAFKA_TLS: z.enum(['on', 'off']).optional(),
  BANK_KAFKA_CA_FILE: z.string().optional(),
  BANK_KAFKA_CERT_FILE: z.string().optional(),
  BANK_KAFKA_KEY_FILE: z.string().optional(),
  BANK_KAFKA_USERNAME: z.string().optional(),
  BANK_KAFKA_PASSWORD: z.string().optional(),
};

export type KafkaEnv = z.infer<z.ZodObject<typeof KAFKA_ENV>>;

const FILES = ['BANK_KAFKA_CA_FILE', 'BANK_KAFKA_CERT_FILE', 'BANK_KAFKA_KEY_FILE'] as const;

export const KAFKA_PLAINTEXT: KafkaSecurity = {};

export function kafkaSecurity(
  env: KafkaEnv,
  ctx: Pick<z.RefinementCtx, 'addIssue'>,
): KafkaSecurity {
  const issue = (variable: string, message: string): KafkaSecurity => {
    ctx.addIssue({ code: 'custom', path: [variable], message });
    return KAFKA_PLAINTEXT;
  };
  const { BANK_KAFKA_USERNAME: username, BANK_KAFKA_PASSWORD: password } = env;
  const { BANK_KAFKA_CA_FILE: caFile, BANK_KAFKA_TLS: tls = caFile && 'on' } = env;
  if (username === undefined && password !== undefined) {
    return issue('BANK_KAFKA_USERNAME', 'must be set where BANK_KAFKA_PASSWORD is');
  }
  if (username !== undefined && password === undefined) {
    return issue('BANK_KAFKA_PASSWORD', 'must be set where BANK_KAFKA_USERNAME is');
  }
  const sasl: SASLOptions | undefined =
    username === undefined || password === undefined
      ? undefined
      : { mechanism: 'scram-sha-512', username, password };
  const given = sasl === undefined ? {} : { sasl };
  if (tls !== 'on') {
    const unused = FILES.find((name) => env[name] !== undefined);
    return unused === undefined
      ? given
      : issue(unused, 'counts for nothing without BANK_KAFKA_TLS');
  }
  const { BANK_KAFKA_CERT_FILE: certFile, BANK_KAFKA_KEY_FILE: keyFile } = env;
  try {
    return { ssl: clientTls({ caFile, certFile, keyFile }), ...given };
  } catch (error) {
    if (error instanceof ConfigError) return issue('BANK_KAFKA_CA_FILE', error.message);
    throw error;
  }
}
