/**
 * What a command of the CLI gets from its program: the bank as the chosen context, the flags and
 * the environment say, where to read and write, and the signal that Ctrl-C aborts.
 */
import type { Bank } from '../connect-bank.ts';

/** How answers are written: for people, as one JSON value, a JSON value a line, or CSV. */
export const OUTPUT_FORMATS = ['table', 'json', 'ndjson', 'csv'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

export type CommandContext = {
  /** Connects at its first call; the program closes it when the command has ended. */
  readonly connect: () => Bank;
  readonly output: OutputFormat;
  readonly stdin: NodeJS.ReadableStream;
  /** Answers alone. */
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
  /** Progress, warnings and errors. */
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
  readonly signal: AbortSignal;
};

/** What the process ends with. */
export const EXIT_CODES = {
  done: 0,
  /** The bank refused it, or something is wrong: the message says what. */
  refused: 1,
  /** The command line, or a file's form, cannot be understood. Nothing was sent. */
  usage: 2,
  /** All is stored, and some items were refused. */
  someRefused: 3,
  /** The bank cannot be reached, or did not answer in time: the same command may help later. */
  unreachable: 4,
  /** By Ctrl-C. */
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT_CODES)[keyof typeof EXIT_CODES];

/** Ends the command with this code; its message is for the person, and says what to do next. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode = EXIT_CODES.usage, cause?: unknown) {
    super(message, { cause });
    this.exitCode = exitCode;
  }
}
