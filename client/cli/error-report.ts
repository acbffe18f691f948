/**
 * An error as lines for the person at the terminal, without a stack: what was refused and why, each
 * field with its rule, what to do next; and the exit code that a script decides by.
 */
import { CommanderError } from 'commander';
import { BankError } from '../bank-error.ts';
import { contractMethods } from '../contract-registry.ts';
import { CommandError, EXIT_CODES, type ExitCode } from './command-context.ts';
import type { ServiceAddresses, ServiceName } from './connection-settings.ts';
import { plainText } from './labelled-row.ts';
import { reasonHint } from './reason-hints.ts';

/** Nobody reads the answers any more, as when they are piped to `head`. */
export class OutputClosedError extends Error {
  override readonly name = 'OutputClosedError';
}

export type ErrorReport = { readonly lines: readonly string[]; readonly exitCode: ExitCode };

const CAUSES_MAX = 8;
const OUTCOME_UNKNOWN = 'OUTCOME_UNKNOWN';

export type ReportFacts = {
  /** Those that were used, where a command came so far. */
  readonly addresses: ServiceAddresses | undefined;
  readonly verbose: boolean | undefined;
};

export function errorReport(
  error: unknown,
  { addresses, verbose = false }: ReportFacts,
): ErrorReport {
  const { lines, exitCode } = reportOf(error, addresses);
  const causes = verbose ? causeLines(error) : [];
  return { lines: [...lines, ...causes].map(plainText), exitCode };
}

function reportOf(error: unknown, addresses: ServiceAddresses | undefined): ErrorReport {
  if (error instanceof OutputClosedError) return { lines: [], exitCode: EXIT_CODES.done };
  // commander has written its own message
  if (error instanceof CommanderError) {
    return { lines: [], exitCode: error.exitCode === 0 ? EXIT_CODES.done : EXIT_CODES.usage };
  }
  if (error instanceof CommandError) {
    const lines = error.message === '' ? [] : error.message.split('\n');
    return { lines: withName(lines), exitCode: error.exitCode };
  }
  if (error instanceof BankError) {
    return { lines: withName(bankLines(error, addresses)), exitCode: exitCodeOf(error) };
  }
  if (error instanceof Error && error.name === 'AbortError') {
    return { lines: [], exitCode: EXIT_CODES.interrupted };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { lines: withName([message]), exitCode: EXIT_CODES.refused };
}

export function bankLines(
  error: BankError,
  addresses: ServiceAddresses | undefined,
): readonly string[] {
  const { method, code, reason, details, violations, retryAfterMs } = error;
  if (code === 'UNAVAILABLE' && reason === '') return unreachableLines(error, addresses);
  if (code === 'DEADLINE_EXCEEDED' && reason === '') {
    return [`${method} was not answered in time.`, 'next: ask for more by --timeout 60s'];
  }
  const broken = violations.map(({ field, description }) => `  ${field}: ${description}`);
  const became = reason === OUTCOME_UNKNOWN ? 'not confirmed' : 'refused';
  const why = reason === '' ? code : reason;
  const hint = reason === '' ? codeHint(code) : (reasonHint(reason) ?? codeHint(code));
  const later = retryAfterMs === undefined ? '' : `, not before ${retryAfterMs} ms have passed`;
  return [
    `${method} was ${became}, ${why}: ${broken.length > 0 ? 'wrong fields' : details}`,
    ...broken,
    ...(hint === undefined ? [] : [`next: ${hint}${later}`]),
  ];
}

function unreachableLines(
  { method, details }: BankError,
  addresses: ServiceAddresses | undefined,
): readonly string[] {
  const service = serviceOf(method);
  const asked = addresses?.[service].join(', ') ?? 'its address';
  return [
    `Nothing answers on ${asked} (${service}-svc, for ${method}): ${causeIn(details)}`,
    'next: is the bank started (npm start)? Elsewhere (`bank context show`)? By TLS (--ca-file)?',
  ];
}

/** grpc-js tells the way of each layer; the last error is what happened. */
function causeIn(details: string): string {
  const last = details.split('Last error: ').at(-1) ?? details;
  return last.replace(/^Error: /, '').replace(/\.? Resolution note: *$/, '');
}

function codeHint(code: BankError['code']): string | undefined {
  if (code === 'UNAUTHENTICATED') return 'say who calls by --token-file, or in the context';
  if (code === 'PERMISSION_DENIED') return reasonHint('MISSING_SCOPE');
  if (code === 'UNIMPLEMENTED') return 'the bank is older than this client: `bank version`';
  return undefined;
}

/** The replicas that a method is served by; of what is no method, command-svc. */
export function serviceOf(method: string): ServiceName {
  const found = contractMethods().find(({ name }) => name === method);
  if (found?.parent.name === 'AccountQueryService') return 'query';
  return found?.parent.name === 'ProjectorService' ? 'projector' : 'command';
}

function exitCodeOf({ code, mayRetry }: BankError): ExitCode {
  if (code === 'CANCELLED') return EXIT_CODES.interrupted;
  const isLater = mayRetry || code === 'UNAVAILABLE' || code === 'DEADLINE_EXCEEDED';
  return isLater ? EXIT_CODES.unreachable : EXIT_CODES.refused;
}

function withName([first = '', ...rest]: readonly string[]): string[] {
  return first === '' ? [] : [`bank: ${first}`, ...rest];
}

function causeLines(error: unknown): string[] {
  const lines: string[] = [];
  let cause = error instanceof Error ? error.cause : undefined;
  while (cause instanceof Error && lines.length < CAUSES_MAX) {
    lines.push(`because: ${cause.name}: ${cause.message}`);
    cause = cause.cause;
  }
  return lines;
}
