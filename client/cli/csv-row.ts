/**
 * CSV by RFC 4180: a field with the delimiter, a quote or the end of a line stands in quotes, and a
 * row of an answer ends with CR LF.
 */
export function csvRow(fields: readonly string[]): string {
  return `${csvLine(fields, ',')}\r\n`;
}

/** Without the end of the line, which is the file's own. */
export function csvLine(values: readonly string[], delimiter: string): string {
  return values.map((value) => csvField(value, delimiter)).join(delimiter);
}

/** Quoted where it must be. */
export function csvField(value: string, delimiter: string): string {
  const isPlain = !/["\r\n]/.test(value) && !value.includes(delimiter);
  return isPlain ? value : `"${value.replaceAll('"', '""')}"`;
}
