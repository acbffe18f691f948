/** What a service that has wrong settings says before it ends: one line, and no stack. */
import { ConfigError } from './config.ts';

/** The settings; or the message, which names the variable and its rule, and exit code 1. */
export function settingsOrExit<T>(read: (env: NodeJS.ProcessEnv) => T): T {
  try {
    return read(process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}
