/**
 * The one-off job that puts the outbox connector on a Kafka Connect: once where there is one, again
 * after each upgrade, as often as one likes. Connect validates by connecting to the database, so
 * the databases are set up before. Ends with an error when Connect goes on refusing.
 */
import { z } from 'zod';
import { envText, parseEnv } from '#platform/config.ts';
import { PLAINTEXT_ENV } from '#platform/plaintext.ts';
import { checkAddresses } from '#platform/transport-settings.ts';
import { errorText } from '../error-text.ts';
import { putConnector } from './put-connector.ts';

const ENV = z.object({ ...PLAINTEXT_ENV, BANK_CONNECT_URL: envText() });

const settingsSchema = ENV.transform((env, ctx) => {
  const { BANK_CONNECT_URL } = env;
  checkAddresses(env, { urls: { BANK_CONNECT_URL } }, ctx);
  return env;
});

try {
  const settings = parseEnv(settingsSchema, process.env);
  await putConnector(settings.BANK_CONNECT_URL);
  process.stdout.write('Connect has the outbox connector\n');
} catch (error) {
  console.error(errorText(error));
  process.exitCode = 1;
}
