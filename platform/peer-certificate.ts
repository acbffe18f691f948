/**
 * Who is at the other end of a connection, by the certificate that it has shown and that this
 * server's authorities have signed: its names in the certificate's subjectAltName. The subject's
 * common name is none. Read once a connection; a call without a certificate, or a plaintext one,
 * has no identity here.
 */
import { TLSSocket, type PeerCertificate } from 'node:tls';
import type { Http2Session } from 'node:http2';
import type { ServerUnaryCall } from '@grpc/grpc-js';

export type PeerIdentity = {
  /** In the certificate's order, as it has them: spiffe://bank.example/payroll. */
  readonly uris: readonly string[];
  readonly dnsNames: readonly string[];
  readonly fingerprint256: string;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly validToMs: number;
};

/** A handler's call, or an interceptor's. */
export type CalledBy = Pick<ServerUnaryCall<unknown, unknown>, 'getAuthContext'>;

/** undefined: it has shown no certificate. */
export function peerIdentityOf(peer: CalledBy | Http2Session): PeerIdentity | undefined {
  if ('getAuthContext' in peer) return identityOf(peer.getAuthContext().sslPeerCertificate);
  return identityOfSession(peer);
}

const ofSessions = new WeakMap<Http2Session, { identity: PeerIdentity | undefined }>();

function identityOfSession(session: Http2Session): PeerIdentity | undefined {
  const known = ofSessions.get(session);
  if (known !== undefined) return known.identity;
  if (session.destroyed) return undefined;
  const { socket } = session;
  const isKnown = socket instanceof TLSSocket && socket.authorized;
  const identity = isKnown ? identityOf(socket.getPeerCertificate()) : undefined;
  ofSessions.set(session, { identity });
  return identity;
}

/** The same certificate comes with every call of a connection. */
const IDENTITIES_MAX = 1_000;
const identities = new Map<string, PeerIdentity>();

function identityOf(certificate: PeerCertificate | undefined): PeerIdentity | undefined {
  const fingerprint256 = certificate?.fingerprint256;
  if (certificate === undefined || fingerprint256 === undefined) return undefined;
  const known = identities.get(fingerprint256);
  if (known !== undefined) return known;
  const names = alternativeNames(certificate.subjectaltname ?? '');
  const identity: PeerIdentity = {
    uris: names.flatMap(({ type, value }) => (type === 'URI' ? [value] : [])),
    dnsNames: names.flatMap(({ type, value }) => (type === 'DNS' ? [value] : [])),
    fingerprint256,
    validToMs: Date.parse(certificate.valid_to),
  };
  const [oldest] = identities.keys();
  if (identities.size >= IDENTITIES_MAX && oldest !== undefined) identities.delete(oldest);
  identities.set(fingerprint256, identity);
  return identity;
}

/** `TYPE:value, TYPE:"value"`: what has a comma, or quotes, comes as a JSON text. */
const NAME = /(?:^|, )([^:,"]+):("(?:[^"\\]|\\.)*"|[^,"]*)(?=, |$)/gy;

/** None when the text has another form: half a list could leave out what matters. */
export function alternativeNames(text: string): { type: string; value: string }[] {
  const found = [...text.matchAll(NAME)];
  const length = found.reduce((sum, [whole]) => sum + whole.length, 0);
  if (length !== text.length) return [];
  return found.map(([, type = '', value = '']) => ({
    type,
    value: value.startsWith('"') ? String(JSON.parse(value)) : value,
  }));
}
