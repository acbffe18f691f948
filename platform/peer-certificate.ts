/**
 * Who is at the other end of a connection, by the certificate that it has shown and that this
 * server's authorities have signed: its names in the certificate's subjectAltName. The subject's
 * common name is none. A call without a certificate, or a plaintext one, has no identity here.
 *
 * To read a certificate takes as long as a whole small call. It is read once a connection, which an
 * interceptor's call is known to belong to by its two addresses; a handler's call has no way back
 * to its connection, and its certificate is read each time: ask in an interceptor.
 */
import { TLSSocket, type PeerCertificate } from 'node:tls';
import type { Http2Session } from 'node:http2';
import type { Server } from 'node:net';
import type { ServerInterceptingCallInterface, ServerUnaryCall } from '@grpc/grpc-js';

export type PeerIdentity = {
  /** In the certificate's order, as it has them: spiffe://bank.example/payroll. */
  readonly uris: readonly string[];
  readonly dnsNames: readonly string[];
  readonly fingerprint256: string;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly validToMs: number;
};

export type HandledCall = Pick<ServerUnaryCall<unknown, unknown>, 'getAuthContext'>;
export type InterceptedCall = Pick<ServerInterceptingCallInterface, 'getConnectionInfo'>;

/** undefined: it has shown no certificate. */
export function peerIdentityOf(
  peer: InterceptedCall | HandledCall | Http2Session,
): PeerIdentity | undefined {
  if ('getConnectionInfo' in peer) {
    const session = connections.get(wayOf(peer.getConnectionInfo()));
    return session === undefined ? undefined : identityOfSession(session);
  }
  if ('getAuthContext' in peer) return identityOf(peer.getAuthContext().sslPeerCertificate);
  return identityOfSession(peer);
}

/** Of open connections only, so there are as many as connections. */
const connections = new Map<string, Http2Session>();

/** Lets calls of the server be asked for their peers. */
export function knowPeers(server: Server): void {
  server.on('session', (session: Http2Session) => {
    const { socket } = session;
    if (!(socket instanceof TLSSocket)) return;
    const way = wayOf(socket);
    connections.set(way, session);
    session.once('close', () => {
      if (connections.get(way) === session) connections.delete(way);
    });
  });
}

type Ends = {
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
};

/** Both ends: no two open connections have the same. */
function wayOf({ localAddress, localPort, remoteAddress, remotePort }: Ends): string {
  return `${localAddress} ${localPort} ${remoteAddress} ${remotePort}`;
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

function identityOf(certificate: PeerCertificate | undefined): PeerIdentity | undefined {
  const fingerprint256 = certificate?.fingerprint256;
  if (certificate === undefined || fingerprint256 === undefined) return undefined;
  const names = alternativeNames(certificate.subjectaltname ?? '');
  return {
    uris: names.flatMap(({ type, value }) => (type === 'URI' ? [value] : [])),
    dnsNames: names.flatMap(({ type, value }) => (type === 'DNS' ? [value] : [])),
    fingerprint256,
    validToMs: Date.parse(certificate.valid_to),
  };
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
