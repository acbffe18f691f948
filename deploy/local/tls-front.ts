/**
 * TLS 1.3 before a server that has none, which listens on a socket in the file system and is run
 * from here: the two live and end together.
 *
 *     tls-front.ts HOST PORT CERT_FILE KEY_FILE SOCKET -- SERVER [arguments]
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { pipeline } from 'node:stream';
import { createServer } from 'node:tls';
import { TLS_VERSION_MIN } from '#platform/tls-version.ts';

const CONNECTIONS_MAX = 1_000;
const HANDSHAKE_MS_MAX = 5_000;

const divider = process.argv.indexOf('--');
const [host = '', port = '', certFile = '', keyFile = '', socketPath = ''] = process.argv.slice(2);
const [file = '', ...args] = process.argv.slice(divider + 1);

const server = spawn(file, args, { stdio: 'inherit' });
server.once('error', (error) => end(`${file} cannot be run: ${error.message}`));
server.once('exit', (code, signal) => end(`${file} has ended (${signal ?? code})`));
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    server.removeAllListeners('exit');
    server.once('exit', () => process.exit(0));
    server.kill(signal);
  });
}

const front = createServer(
  {
    cert: readFileSync(certFile),
    key: readFileSync(keyFile),
    minVersion: TLS_VERSION_MIN,
    handshakeTimeout: HANDSHAKE_MS_MAX,
    noDelay: true,
  },
  (secured) => {
    const plain = createConnection({ path: socketPath });
    // One that ends, ends the other; why is for either side to see.
    pipeline(secured, plain, secured, () => undefined);
  },
);
front.maxConnections = CONNECTIONS_MAX;
front.on('tlsClientError', (_, socket) => socket.destroy());
front.listen(Number(port), host);

function end(reason: string): never {
  console.error(reason);
  process.exit(1);
}
