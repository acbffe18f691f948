// The log of a process: JSON lines on stderr. A message is a sentence; everything that varies goes
// into data, and an error goes into data.err, written with its stack and its chain of causes.
// Secrets are taken out of each line as a whole, wherever in it they stand (redaction.ts).
// Writing is synchronous, so that the last line before an exit is there.
import { pino } from 'pino';
import { redactLine } from './redaction.ts';

export type LogData = Record<string, unknown>;

export type Logger = {
  error(message: string, data?: LogData): void;
  warn(message: string, data?: LogData): void;
  info(message: string, data?: LogData): void;
  debug(message: string, data?: LogData): void;
  /** A logger that adds data to each of its lines. */
  child(data: LogData): Logger;
};

export const LOG_LEVELS = ['error', 'warn', 'info', 'debug', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export type LoggerOptions = {
  service: string;
  instance: string;
  level: string;
  /** Takes each line; tests only. */
  write?: (line: string) => void;
};

export function createLogger(options: LoggerOptions): Logger {
  const write = options.write ?? stderrWriter();
  const destination = { write: (line: string): void => write(redactLine(line)) };
  const root = pino(
    {
      level: options.level,
      base: { service: options.service, instance: options.instance, pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: pino.stdSerializers.errWithCause },
    },
    destination,
  );
  return wrap(root);
}

function stderrWriter(): (line: string) => void {
  const stderr = pino.destination({ fd: 2, sync: true });
  return (line) => void stderr.write(line);
}

/** Says nothing; for tests and tools that have no log. */
export const silentLogger: Logger = {
  error() {},
  warn() {},
  info() {},
  debug() {},
  child: () => silentLogger,
};

function wrap(target: pino.Logger): Logger {
  return {
    error: (message, data) => target.error(data ?? {}, message),
    warn: (message, data) => target.warn(data ?? {}, message),
    info: (message, data) => target.info(data ?? {}, message),
    debug: (message, data) => target.debug(data ?? {}, message),
    child: (data) => wrap(target.child(data)),
  };
}
