// npm start: the whole mesh on the ports of the documentation, until Ctrl-C. Accounts and their
// history stay in .local/start from one run to the next. With --secure everything speaks TLS and
// asks for certificates, tokens and passwords, which are made in .local/start-secure.
import { fileURLToPath } from 'node:url';
import { envAddress, envInt, parseEnv } from '#platform/config.ts';
import { untilAborted } from '#platform/waiting.ts';
import { z } from 'zod';
import { errorText } from '../error-text.ts';
import { startConsole } from './console.ts';
import { howToCall } from './how-to-call.ts';
import { startMesh } from './mesh.ts';
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
      portsBeside: [{ port: consolePort, variable: 'BANK_CONSOLE_LISTEN' }],
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

main().catch((error: unknown) => {
  console.error(errorText(error));
  process.exit(1);
});
