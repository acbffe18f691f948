/**
 * Kafka of a secure mesh: TLS 1.3 only, users by SCRAM-SHA-512 (a new broker knows them from its
 * format tool), the controller by certificates; and how its clients reach it.
 */
import { pbkdf2Sync, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { KafkaSecurity } from '#platform/kafka-security.ts';
import { clientTls } from '#platform/client-tls.ts';
import type { Holder, SecureGround, Secrets } from './secure-ground.ts';
import { writeSecret } from './secret-file.ts';

const USERS = ['broker', 'setup', 'connect', 'projector'] as const satisfies (keyof Secrets)[];
export type KafkaUser = (typeof USERS)[number];

const ITERATIONS = 8192;
const SALT_BYTES = 24;
const HASH_BYTES = 64;
const SCRAM = 'org.apache.kafka.common.security.scram.ScramLoginModule';
export const KAFKA_TLS_LISTENER = 'SASL_SSL';

type Properties = Record<string, string | number>;

export function userName(user: KafkaUser): string {
  return `bank_${user}`;
}

/** In the place of the plaintext broker's own. */
export function secureBrokerProperties(ground: SecureGround): Properties {
  const scram = `listener.name.${KAFKA_TLS_LISTENER.toLowerCase()}.scram-sha-512`;
  return {
    'listener.security.protocol.map': `${KAFKA_TLS_LISTENER}:SASL_SSL,CONTROLLER:SSL`,
    'inter.broker.listener.name': KAFKA_TLS_LISTENER,
    'sasl.enabled.mechanisms': 'SCRAM-SHA-512',
    'sasl.mechanism.inter.broker.protocol': 'SCRAM-SHA-512',
    [`${scram}.sasl.jaas.config`]: jaas(ground, 'broker'),
    'listener.name.controller.ssl.client.auth': 'required',
    ...trust(ground),
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': pemOf(ground, 'kafka'),
  };
}

/** Of Connect, for itself and for what its connectors send; `prefix`: '' or 'producer.'. */
export function kafkaClientProperties(
  ground: SecureGround,
  user: KafkaUser,
  prefix: string,
): Properties {
  const own = {
    'security.protocol': 'SASL_SSL',
    'sasl.mechanism': 'SCRAM-SHA-512',
    'sasl.jaas.config': jaas(ground, user),
    ...trust(ground),
  };
  return Object.fromEntries(Object.entries(own).map(([name, value]) => [prefix + name, value]));
}

export function secureKafkaClient({ caFile, secrets }: SecureGround, user: KafkaUser) {
  const password = secrets[user];
  const sasl = { mechanism: 'scram-sha-512', username: userName(user), password } as const;
  return { ssl: clientTls({ caFile }), sasl } satisfies KafkaSecurity;
}

export function kafkaEnv({ caFile, secrets }: SecureGround, user: KafkaUser) {
  return {
    BANK_KAFKA_CA_FILE: caFile,
    BANK_KAFKA_USERNAME: userName(user),
    BANK_KAFKA_PASSWORD: secrets[user],
  };
}

/** Arguments of the format tool, without the passwords themselves: others may see them. */
export function scramArguments({ secrets }: SecureGround): string[] {
  return USERS.flatMap((user) => {
    const salt = randomBytes(SALT_BYTES);
    const hash = pbkdf2Sync(secrets[user], salt, ITERATIONS, HASH_BYTES, 'sha512');
    const [hashText, saltText] = [hash, salt].map((bytes) => `"${bytes.toString('base64')}"`);
    const name = userName(user);
    const stored = `salt=${saltText},saltedpassword=${hashText}`;
    const how = `[name=${name},iterations=${ITERATIONS},${stored}]`;
    return ['--add-scram', `SCRAM-SHA-512=${how}`];
  });
}

function jaas({ secrets }: SecureGround, user: KafkaUser): string {
  return `${SCRAM} required username="${userName(user)}" password="${secrets[user]}";`;
}

function trust({ caFile }: SecureGround): Properties {
  return {
    'ssl.enabled.protocols': 'TLSv1.3',
    'ssl.protocol': 'TLSv1.3',
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': caFile,
  };
}

/** Key and certificate in one file, as Java reads them. */
function pemOf({ pairs, inside }: SecureGround, holder: Holder): string {
  const path = inside(`${holder}-keystore.pem`);
  const { certFile, keyFile } = pairs[holder];
  const both = [keyFile, certFile].map((file) => readFileSync(file, 'utf8'));
  writeSecret(path, both.join(''));
  return path;
}
