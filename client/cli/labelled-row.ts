/** One line of a report: a label in a column of its own, then what there is to say. */

const LABEL_WIDTH = 16;

/** Texts of a file may hold anything: what would steer a terminal is shown as a question mark. */
export function row(label: string, text: string): string {
  return `${label.padEnd(LABEL_WIDTH)}${plainText(text)}`.trimEnd();
}

/** Control characters, and those that turn the direction of writing, as question marks. */
export function plainText(text: string): string {
  return text.replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, '?');
}
