// npm start: the whole mesh on the ports of the documentation, until Ctrl-C. Accounts and their
// history stay in .local/start from one run to the next. With --secure everything speaks TLS and
// asks for certificates, tokens and passwords, which are made in .local/start-secure.
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { envAddress, envInt, parseEnv } from '#platform/config.ts';
import { untilAborted } from '#platform/waiting.ts';
import { z } from 'zod';
import { errorText } from '../error-text.ts';
import { consoleUrl, startConsole } from './console.ts';
import { startMesh } from './mesh.ts';
import type { Mesh } from './mesh.ts';
import { grpcurlFlags, operatorFiles, toolVariables } from './secure-services.ts';
import type { OperatorFiles } from './secure-services.ts';
import { requireFreePort } from './ports.ts';
import { onStopSignal } from './stop-signals.ts';

const FOLDER = fileURLToPath(new URL('../../.local/start', import.meta.url));
const SECURE = '--secure';

const settingsSchema = z.object({
  BANK_COMMAND_LISTEN: envAddress('127.0.0.1:50051'),
  BANK_QUERY_LISTEN: envAddress('127.0.0.1:50052'),
  BANK_PROJECTOR_LISTEN: envAddress('127.0.0.1:50053'),
  BANK_CONSOLE_LISTEN: envAddress('127.0.0.1:8080'),
  BANK_COMMAND_METRICS_LISTEN: envAddress('127.0.0.1:50061'),
  BANK_QUERY_METRICS_LISTEN: envAddress('127.0.0.1:50062'),
  BANK_PROJECTOR_METRICS_LISTEN: envAddress('127.0.0.1:50063'),
  /** Replicas of command-svc; all but the first on free ports, which are printed. */
  BANK_COMMAND_REPLICAS: envInt({ min: 1, max: 8, default: 1 }),
});

async function main(): Promise<void> {
  const given = process.argv.slice(2);
  const unknown = given.find((argument) => argument !== SECURE);
  if (unknown !== undefined) throw new Error(`npm start takes ${SECURE} only, and got ${unknown}`);
  const secure = given.includes(SECURE);
  const settings = parseEnv(settingsSchema, process.env);
  const stopping = new AbortController();
  let exitCode = 0;
  const stop = (reason: string, code: number): void => {
    console.error(`\nstopping: ${reason}`);
    exitCode ||= code;
    stopping.abort(new Error(reason));
  };
  onStopSignal((reason) => stop(reason, 0));
  try {
    const { port: consolePort } = settings.BANK_CONSOLE_LISTEN;
    await requireFreePort(consolePort, 'BANK_CONSOLE_LISTEN');
    const mesh = await startMesh({
      dataFolder: secure ? `${FOLDER}-secure` : FOLDER,
      secure,
      keepData: true,
      signal: stopping.signal,
      replicas: { command: settings.BANK_COMMAND_REPLICAS },
      ports: {
        command: settings.BANK_COMMAND_LISTEN.port,
        query: settings.BANK_QUERY_LISTEN.port,
        projector: settings.BANK_PROJECTOR_LISTEN.port,
      },
      metricsPorts: {
        command: settings.BANK_COMMAND_METRICS_LISTEN.port,
        query: settings.BANK_QUERY_METRICS_LISTEN.port,
        projector: settings.BANK_PROJECTOR_METRICS_LISTEN.port,
      },
      onGivenUp: (reason) => stop(reason.message, 1),
    });
    try {
      await startConsole(mesh, consolePort);
      process.stdout.write(`${howToCall(mesh, consolePort)}\n`);
      await untilAborted(stopping.signal);
    } finally {
      await mesh.stop();
    }
  } catch (error) {
    if (!stopping.signal.aborted) throw error; // else it is the start that was stopped
  }
  process.exit(exitCode);
}

function howToCall(mesh: Mesh, consolePort: number): string {
  const [command = ''] = mesh.addresses.command;
  const [query = ''] = mesh.addresses.query;
  const [projector = ''] = mesh.addresses.projector;
  const pages = [...mesh.metrics.command, ...mesh.metrics.query, ...mesh.metrics.projector];
  const account = randomUUID(); // another one each time: accounts stay from run to run
  const files = operatorFiles(mesh.stack.ground);
  const call = files === undefined ? 'grpcurl -plaintext' : 'bankcurl';
  const own = `  bankcurl() { grpcurl ${grpcurlFlags(files)} "$@"; }\n`;
  const alias = files === undefined ? '' : own;
  const where = `--command ${command} --query ${query} --projector ${projector}`;
  return `
Everything serves. No proto files are needed to call it (how to install grpcurl: README.md):

${alias}  ${call} ${command} list
  ${call} -d '{"account_id":"${account}","currency_code":"EUR","owner":"Ada"}' \\
    ${command} bank.v1.AccountCommandService/OpenAccount
  ${call} -d '{"account_id":"${account}","amount":{"currency_code":"EUR","minor_units":1250}}' \\
    ${command} bank.v1.AccountCommandService/Deposit
  ${call} -d '{"account_id":"${account}"}' ${query} bank.v1.AccountQueryService/GetAccount

  docs/account-life.md shows an account from its opening to its end, each call with its answer.

  console  ${consoleUrl(mesh, consolePort)}${files === undefined ? '' : signInWith(files)}

  commands ${mesh.addresses.command.join(', ')}   queries ${query}   projector ${projector}
  metrics ${pages.map((address) => `http://${address}/metrics`).join('\n          ')}
  event store  ${mesh.stack.eventStoreUrl}
  projections  ${mesh.stack.projectionStoreUrl}
  Kafka ${mesh.stack.kafkaBrokers.join(',')}   Connect ${mesh.stack.connectUrl}
  logs ${mesh.stack.folder.logs}
  status  npm run ops -- status ${where}${files === undefined ? '' : forTools(files)}

Ctrl-C stops it.`;
}

function signInWith({ caFile, tokenFile }: OperatorFiles): string {
  return `\n    sign in with the token in ${tokenFile}; the browser's authority is ${caFile}`;
}

function forTools(files: OperatorFiles): string {
  const lines = toolVariables(files).map((line) => `\n    export ${line}`);
  const tools = 'npm run ops -- status or verify, and npm run reconcile, get in with';
  return `\n\n  ${tools}:${lines.join('')}`;
}

main().catch((error: unknown) => {
  console.error(errorText(error));
  process.exit(1);
});
