/**
 * Settings of what a service reaches and where it listens: plaintext that would leave the machine,
 * half a setting, a mode that does not check who answers. Each is told by its variable; passwords
 * are not.
 */
import { describe, expect, test } from 'vitest';
import { readConfig as readCommand } from '../../../command-svc/config.ts';
import { readConfig as readProjector } from '../../../projector-svc/config.ts';
import { readConfig as readQuery } from '../../../query-svc/config.ts';
import { fileURLToPath } from 'node:url';

/** Any file that can be read. */
const FILE = fileURLToPath(import.meta.url);
const TLS = 'sslmode=verify-full';
const LOCAL = {
  BANK_EVENT_STORE_URL: 'postgres://bank:secret@127.0.0.1:5432/event_store',
  BANK_PROJECTION_STORE_URL: 'postgres://bank:secret@localhost:5432/projection_store',
  BANK_REDIS_URL: 'redis://[::1]:6379',
  BANK_KAFKA_BROKERS: '127.0.0.1:9092,localhost:9093',
  BANK_CONNECT_URL: 'http://127.9.9.9:8083',
  OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:4318',
};
const FAR = {
  BANK_AUTH: 'jwt',
  BANK_AUTH_ISSUER: 'https://issuer.test',
  BANK_AUTH_JWKS: FILE,
  BANK_COMMAND_LISTEN: '0.0.0.0:50051',
  BANK_QUERY_LISTEN: '[::]:50052',
  BANK_PROJECTOR_LISTEN: '10.0.0.7:50053',
  BANK_EVENT_STORE_URL: 'postgres://bank:secret@db.internal:5432/event_store',
  BANK_PROJECTION_STORE_URL: `postgres://bank:secret@10.0.0.1/p?sslmode=disable`,
  BANK_REDIS_URL: 'redis://bank:secret@cache:6379',
  BANK_KAFKA_BROKERS: '127.0.0.1:9092,kafka-2:9092',
  BANK_CONNECT_URL: 'http://bank:secret@connect:8083',
  OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318',
};
const SECURED = {
  BANK_TLS_CERT_FILE: 'server.pem',
  BANK_TLS_KEY_FILE: 'server.key',
  BANK_EVENT_STORE_URL: `postgres://bank:secret@db/event_store?${TLS}&sslrootcert=${FILE}`,
  BANK_PROJECTION_STORE_URL: `postgresql://bank:secret@db/projection_store?${TLS}`,
  BANK_REDIS_URL: `rediss://bank:secret@cache:6379?ca_file=${FILE}`,
  BANK_KAFKA_CA_FILE: FILE,
  BANK_KAFKA_USERNAME: 'bank',
  BANK_KAFKA_PASSWORD: 'secret',
  BANK_CONNECT_URL: `https://bank:secret@connect:8083?ca_file=${FILE}`,
  OTEL_EXPORTER_OTLP_ENDPOINT: 'https://collector:4318',
};
const SERVICES = [
  ['command-svc', readCommand, ['COMMAND_LISTEN', 'EVENT_STORE_URL', 'REDIS_URL']],
  ['query-svc', readQuery, ['QUERY_LISTEN', 'PROJECTION_STORE_URL', 'REDIS_URL']],
  [
    'projector-svc',
    readProjector,
    [
      'PROJECTOR_LISTEN',
      'EVENT_STORE_URL',
      'PROJECTION_STORE_URL',
      'REDIS_URL',
      'KAFKA_BROKERS',
      'CONNECT_URL',
    ],
  ],
] as const;

describe.each(SERVICES)('%s', (_, readConfig, variables) => {
  test('speaks plaintext on this machine', () => {
    expect(readConfig(LOCAL).tls).toBeUndefined();
  });

  test('and nowhere else: every variable is named, with what to set', () => {
    const message = messageOf(() => readConfig({ ...LOCAL, ...FAR }));
    for (const variable of variables) {
      expect(message).toMatch(
        new RegExp(`BANK_${variable}=[^;]*plaintext is for this machine only`),
      );
    }
    expect(message).toContain('OTEL_EXPORTER_OTLP_ENDPOINT=');
    expect(message.split('; ')).toHaveLength(variables.length + 1);
    expect(message).not.toContain('secret');
  });

  test('unless somebody says that it is protected otherwise', () => {
    expect(readConfig({ ...LOCAL, ...FAR, BANK_PLAINTEXT: 'allowed' }).tls).toBeUndefined();
  });

  test('with TLS it speaks to any host', () => {
    expect(readConfig({ ...FAR, ...SECURED }).tls).toMatchObject({ certFile: 'server.pem' });
  });
});

test.each([
  ['OTEL_EXPORTER_OTLP_ENDPOINT', { OTEL_EXPORTER_OTLP_ENDPOINT: 'HTTP://collector:4318' }],
  ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://c:4317' }],
  ['OTEL_EXPORTER_OTLP_METRICS_ENDPOINT', { OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://c:1' }],
  [
    'OTEL_EXPORTER_OTLP_ENDPOINT',
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4317', OTEL_EXPORTER_OTLP_TRACES_INSECURE: 'True' },
  ],
])('telemetry leaves in plaintext by %s of %o as little', (variable, env) => {
  const message = messageOf(() => readQuery({ ...LOCAL, ...env }));
  expect(message).toMatch(new RegExp(`${variable}=[^;]*plaintext is for this machine only`));
  expect(readQuery({ ...LOCAL, ...env, BANK_PLAINTEXT: 'allowed' }).tls).toBeUndefined();
});

test('telemetry of an address without a scheme is TLS unless somebody says otherwise', () => {
  const env = { ...LOCAL, OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4317' };
  expect(readQuery(env).tls).toBeUndefined();
});

test.each([
  ['BANK_TLS_KEY_FILE', { BANK_TLS_CERT_FILE: 'a' }, 'must be set where BANK_TLS_CERT_FILE is'],
  ['BANK_TLS_CERT_FILE', { BANK_TLS_KEY_FILE: 'a' }, 'must be set where BANK_TLS_KEY_FILE is'],
  ['BANK_TLS_CERT_FILE', { BANK_TLS_CLIENT_CA_FILE: 'a' }, 'must be set where'],
  ['BANK_TLS_CLIENT_CERTIFICATE', { BANK_TLS_CLIENT_CERTIFICATE: 'maybe' }, 'required'],
  ['BANK_PLAINTEXT', { BANK_PLAINTEXT: 'yes' }, 'allowed'],
  ['BANK_EVENT_STORE_URL', { BANK_EVENT_STORE_URL: 'somewhere' }, 'must be a URL'],
  ['BANK_EVENT_STORE_URL', postgres('?sslmode=require'), 'does not check who answers'],
  ['BANK_EVENT_STORE_URL', postgres(`?${TLS}&ssl=no-verify`), 'ssl in its query is not taken'],
  ['BANK_EVENT_STORE_URL', postgres(`?${TLS}&sslrootcert=/no/such`), '/no/such: cannot be read'],
  ['BANK_EVENT_STORE_URL', postgres(`?${TLS}&sslcert=${FILE}`), 'must be given together'],
  ['BANK_EVENT_STORE_URL', postgres(`?${TLS}&ssl=0`), 'ssl in its query is not taken'],
  ['BANK_EVENT_STORE_URL', postgres('?host=db.internal'), 'host in its query is not taken'],
  ['BANK_EVENT_STORE_URL', postgres('?host=/run&host=db'), 'host in its query is not taken'],
  ['BANK_EVENT_STORE_URL', postgres(`?sslrootcert=${FILE}`), 'sslrootcert needs sslmode='],
  ['BANK_REDIS_URL', { BANK_REDIS_URL: 'rediss://a?ca_file=/no/such' }, 'cannot be read'],
  ['BANK_REDIS_URL', { BANK_REDIS_URL: 'redis:///0?host=cache' }, 'host in its query is not taken'],
  ['BANK_REDIS_URL', { BANK_REDIS_URL: 'rediss://a?tls=x' }, 'tls in its query is not taken'],
  ['BANK_KAFKA_PASSWORD', { BANK_KAFKA_USERNAME: 'a' }, 'must be set where'],
  ['BANK_KAFKA_USERNAME', { BANK_KAFKA_PASSWORD: 'a' }, 'must be set where'],
  ['BANK_KAFKA_CA_FILE', { BANK_KAFKA_CA_FILE: '/no/such' }, 'cannot be read'],
  ['BANK_KAFKA_CA_FILE', { BANK_KAFKA_CA_FILE: FILE, BANK_KAFKA_TLS: 'off' }, 'for nothing'],
  [
    'BANK_KAFKA_CERT_FILE',
    { BANK_KAFKA_CERT_FILE: FILE, BANK_KAFKA_KEY_FILE: FILE },
    'for nothing',
  ],
  ['BANK_TLS_CLIENT_CA_FILE', { BANK_TLS_CLIENT_CERTIFICATE: 'required' }, 'must be set where'],
  ['OTEL_EXPORTER_OTLP_ENDPOINT', telemetry('ENDPOINT', 'HTTP://far'), 'far is not'],
  ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', telemetry('TRACES_ENDPOINT', 'http://far'), 'far is not'],
  [
    'OTEL_EXPORTER_OTLP_METRICS_ENDPOINT',
    telemetry('METRICS_ENDPOINT', 'http://far'),
    'far is not',
  ],
  [
    'OTEL_EXPORTER_OTLP_ENDPOINT',
    { ...telemetry('ENDPOINT', 'far:4317'), ...telemetry('INSECURE', 'TRUE') },
    'far is not',
  ],
])('%s of %o is refused', (variable, env, rule) => {
  const message = messageOf(() => readProjector({ ...LOCAL, ...env }));
  expect(message).toContain(`${variable}=`);
  expect(message).toContain(rule);
});

test('a host that the environment names is no more this machine than one of the URL', () => {
  const before = process.env['PGHOST'];
  process.env['PGHOST'] = 'db.internal';
  const url = 'postgres:///event_store';
  const message = messageOf(() => readCommand({ ...LOCAL, BANK_EVENT_STORE_URL: url }));
  if (before === undefined) delete process.env['PGHOST'];
  else process.env['PGHOST'] = before;
  expect(message).toContain('db.internal is not');
});

test.each(['postgres:///event_store?host=/run/pg', 'postgres://%2Frun%2Fpg/event_store'])(
  '%s is a socket of this machine',
  (url) => {
    expect(readCommand({ ...LOCAL, BANK_EVENT_STORE_URL: url }).tls).toBeUndefined();
  },
);

function telemetry(name: string, value: string): Record<string, string> {
  return { [`OTEL_EXPORTER_OTLP_${name}`]: value };
}

function postgres(query: string): Record<string, string> {
  return { BANK_EVENT_STORE_URL: `postgres://bank:secret@127.0.0.1/event_store${query}` };
}

function messageOf(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (error instanceof Error && error.name === 'ConfigError') return error.message;
    throw error;
  }
  throw new Error('nothing was refused');
}
