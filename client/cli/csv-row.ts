/**
 * One line of CSV by RFC 4180: a field with a comma, a quote or the end of a line stands in quotes,
 * lines end with CR LF.
 */
export function csvRow(fields: readonly string[]): string {
  return `${fields.map(csvField).join(',')}\r\n`;
}

function csvField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
