// What an error of pg means: its SQLSTATE, and whether the connection was lost (then it is not
// known whether the statement took effect, and the server may be starting, stopping or out of
// reach).

export const SQL_STATE = {
  uniqueViolation: '23505',
  checkViolation: '23514',
  serializationFailure: '40001',
  deadlock: '40P01',
  lockTimeout: '55P03',
  queryCanceled: '57014', // statement_timeout too
  idleInTransaction: '25P03',
  raisedException: 'P0001',
  undefinedTable: '42P01',
  insufficientPrivilege: '42501',
  cannotConnectNow: '57P03', // starting up (recovery too) or shutting down
} as const;

/** Codes of the server and of Node that come when there is no usable connection. */
const LOST_CODES: ReadonlySet<string> = new Set([
  '57P01', // admin_shutdown, also pg_terminate_backend
  '57P02', // crash_shutdown
  SQL_STATE.cannotConnectNow,
  '57P04', // database_dropped
  '57P05', // idle_session_timeout
  '25P03', // idle_in_transaction_session_timeout ends the session
  '53300', // too_many_connections
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
  'ENETRESET',
  'ECONNABORTED',
  'EPROTO',
  'ENOENT', // the server's Unix socket
]);

/** pg has no codes for these. */
const LOST_MESSAGES = [
  'Connection terminated',
  'timeout exceeded when trying to connect',
  'Client has encountered a connection error',
  'Client was closed',
  'timeout expired',
  'Query read timeout',
];

/** The five characters of PostgreSQL's code, if the error came from the server. */
export function sqlStateOf(error: unknown): string | undefined {
  const code = codeOf(error);
  return code !== undefined && /^(?=.*\d)[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

/** The constraint that a violation names. */
export function constraintOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('constraint' in error)) return undefined;
  return typeof error.constraint === 'string' ? error.constraint : undefined;
}

export function isConnectionLost(error: unknown): boolean {
  for (let e = error, depth = 0; e instanceof Error && depth < 5; e = e.cause, depth++) {
    const code = codeOf(e);
    if (code !== undefined && (LOST_CODES.has(code) || code.startsWith('08'))) return true;
    const { message } = e;
    if (LOST_MESSAGES.some((start) => message.startsWith(start))) return true;
  }
  return false;
}

/**
 * True only when the server itself has said that the statement failed and the session lives on:
 * then its transaction is rolled back for certain. After any other error nobody knows what was
 * committed.
 */
export function isRolledBack(error: unknown): boolean {
  if (!(error instanceof Error) || !('severity' in error)) return false;
  return error.severity === 'ERROR' && sqlStateOf(error) !== undefined && !isConnectionLost(error);
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
