// An error for the person at the terminal: its message, and what caused it, line by line. No stack.

export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const message = error.message === '' ? error.name : error.message;
  return error.cause === undefined ? message : `${message}\n  because: ${errorText(error.cause)}`;
}
