/**
 * Kafka Connect of a secure mesh: its REST by TLS 1.3, for who shows a certificate of the mesh's
 * authority, for it takes any connector from whoever reaches it; and how its clients reach it.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pkcs12 } from './certificate-authority.ts';
import type { Java } from './java.ts';
import { runTool } from './run-tool.ts';
import { kafkaClientProperties } from './secure-kafka.ts';
import { writeSecret } from './secret-file.ts';
import type { Holder, SecureGround } from './secure-ground.ts';

const KEYTOOL_TIMEOUT_MS = 30_000;

/** In the place of the plaintext worker's own. */
export async function secureWorkerProperties(
  ground: SecureGround,
  java: Java,
  port: number,
): Promise<Record<string, string | number>> {
  const { keystore: password } = ground.secrets;
  const rest = {
    'ssl.keystore.type': 'PKCS12',
    'ssl.keystore.location': writeKeys(ground),
    'ssl.keystore.password': password,
    'ssl.key.password': password,
    'ssl.truststore.type': 'PKCS12',
    'ssl.truststore.location': await writeTrust(ground, java),
    'ssl.truststore.password': password,
    'ssl.enabled.protocols': 'TLSv1.3',
    'ssl.protocol': 'TLSv1.3',
    'ssl.client.auth': 'required',
  };
  return {
    ...kafkaClientProperties(ground, 'connect', ''),
    ...kafkaClientProperties(ground, 'connect', 'producer.'),
    ...kafkaClientProperties(ground, 'connect', 'admin.'),
    ...kafkaClientProperties(ground, 'connect', 'consumer.'),
    listeners: `https://127.0.0.1:${port}`,
    'rest.advertised.listener': 'https',
    ...Object.fromEntries(
      Object.entries(rest).map(([name, value]) => [`listeners.https.${name}`, value]),
    ),
  };
}

export function secureConnectUrl(ground: SecureGround, port: number, holder: Holder): string {
  const url = new URL(`https://127.0.0.1:${port}`);
  const { certFile, keyFile } = ground.pairs[holder];
  url.searchParams.set('ca_file', ground.caFile);
  url.searchParams.set('cert_file', certFile);
  url.searchParams.set('key_file', keyFile);
  return url.href;
}

function writeKeys({ pairs, authority, secrets, inside }: SecureGround): string {
  const path = inside('connect.p12');
  const { certFile, keyFile } = pairs.connect;
  const [certificate = '', key = ''] = [certFile, keyFile].map((file) =>
    readFileSync(file, 'utf8'),
  );
  writeSecret(path, pkcs12({ certificate, key }, authority.certificate, secrets.keystore));
  return path;
}

/** Java trusts what its own tool has marked as trusted. */
async function writeTrust(ground: SecureGround, java: Java): Promise<string> {
  const path = ground.inside('trust.p12');
  if (existsSync(path)) return path;
  const tool = java.file.includes('/') ? join(dirname(java.file), 'keytool') : 'keytool';
  const entry = ['-importcert', '-noprompt', '-alias', 'authority', '-file', ground.caFile];
  const store = [
    '-keystore',
    path,
    '-storetype',
    'PKCS12',
    '-storepass:env',
    'BANK_STORE_PASSWORD',
  ];
  await runTool(tool, [...entry, ...store], {
    timeoutMs: KEYTOOL_TIMEOUT_MS,
    missing: `There is no keytool (${tool}): install a whole Java runtime`,
    env: { BANK_STORE_PASSWORD: ground.secrets.keystore },
  });
  return path;
}
