// npm run db:setup: prepares a PostgreSQL and a Kafka of one's own for the services, with addresses
// and secrets from the environment. It can be run as often as one likes; it changes what is missing
// only.
import { z } from 'zod';
import { envInt, envList, envText, parseEnv } from '#platform/config.ts';
import { KAFKA_ENV, kafkaSecurity } from '#platform/kafka-security.ts';
import { PLAINTEXT_ENV } from '#platform/plaintext.ts';
import { checkAddresses } from '#platform/transport-settings.ts';
import { setUpDatabases } from './database/set-up-databases.ts';
import { setUpTopics } from './database/set-up-topics.ts';
import { errorText } from './error-text.ts';

const password = z.string().optional();

const ENV = z.object({
  ...PLAINTEXT_ENV,
  ...KAFKA_ENV,
  BANK_ADMIN_EVENT_STORE_URL: envText(),
  BANK_ADMIN_PROJECTION_STORE_URL: envText(),
  BANK_PARTITIONS: envInt({ min: 1, max: 1024, default: 16 }),
  BANK_KAFKA_BROKERS: envList(),
  BANK_COMMAND_PASSWORD: password,
  BANK_PROJECTOR_PASSWORD: password,
  BANK_QUERY_PASSWORD: password,
  BANK_CDC_PASSWORD: password,
});

const settingsSchema = ENV.transform((env, ctx) => {
  const { BANK_ADMIN_EVENT_STORE_URL, BANK_ADMIN_PROJECTION_STORE_URL } = env;
  const security = kafkaSecurity(env, ctx);
  const urls = { BANK_ADMIN_EVENT_STORE_URL, BANK_ADMIN_PROJECTION_STORE_URL };
  checkAddresses(env, { urls, brokers: { brokers: env.BANK_KAFKA_BROKERS, security } }, ctx);
  return { ...env, security };
});

async function main(): Promise<void> {
  const settings = parseEnv(settingsSchema, process.env);
  const onStep = (text: string): void => void process.stdout.write(`${text}\n`);
  await setUpDatabases({
    eventStoreUrl: settings.BANK_ADMIN_EVENT_STORE_URL,
    projectionStoreUrl: settings.BANK_ADMIN_PROJECTION_STORE_URL,
    partitions: settings.BANK_PARTITIONS,
    passwords: {
      ...given('bank_command', settings.BANK_COMMAND_PASSWORD),
      ...given('bank_projector', settings.BANK_PROJECTOR_PASSWORD),
      ...given('bank_query', settings.BANK_QUERY_PASSWORD),
      ...given('bank_cdc', settings.BANK_CDC_PASSWORD),
    },
    onStep,
  });
  const { BANK_KAFKA_BROKERS: brokers, BANK_PARTITIONS: partitions, security } = settings;
  await setUpTopics(brokers, partitions, onStep, security);
  onStep('everything is set up');
}

function given(role: string, value: string | undefined): Record<string, string> {
  return value === undefined ? {} : { [role]: value };
}

try {
  await main();
} catch (error) {
  console.error(errorText(error));
  process.exitCode = 1;
}
