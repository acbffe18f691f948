/**
 * PostgreSQL of a secure mesh: TLS 1.3 only, passwords by SCRAM, and nobody by another way; and how
 * its clients reach it.
 */
import type { SecureGround } from './secure-ground.ts';
import { writeSecret } from './secret-file.ts';

/** Roles that may read a slot may not copy the whole server: backups are the owner's. */
const ACCESS = `hostssl all all 127.0.0.1/32 scram-sha-256
hostssl replication postgres 127.0.0.1/32 scram-sha-256
`;

/** Settings of the server. */
export function securePostgres(ground: SecureGround): Record<string, string> {
  const { certFile, keyFile } = ground.pairs.postgres;
  const access = ground.inside('pg_hba.conf');
  writeSecret(access, ACCESS);
  return {
    ssl: 'on',
    ssl_cert_file: certFile,
    ssl_key_file: keyFile,
    ssl_min_protocol_version: 'TLSv1.3',
    hba_file: access,
  };
}

export function securePostgresUrl(ground: SecureGround, url: string): string {
  const secured = new URL(url);
  secured.searchParams.set('sslmode', 'verify-full');
  secured.searchParams.set('sslrootcert', ground.caFile);
  return secured.href;
}

/** What outbox.json reads of Connect's environment. */
export function debeziumTls(ground: SecureGround | undefined): Record<string, string> {
  return {
    OUTBOX_DATABASE_SSLMODE: ground === undefined ? 'disable' : 'verify-full',
    OUTBOX_DATABASE_SSLROOTCERT: ground?.caFile ?? '',
  };
}
