/**
 * HTML by tagged templates: whatever is put into one is text and is escaped, unless it is HTML of
 * another template. There is no other way to make HTML, so no text of an account, a reference or a
 * caller is ever taken for markup.
 */

/** Made by `html` only. */
export class Html {
  readonly #text: string;

  constructor(strings: TemplateStringsArray, values: readonly Content[]) {
    this.#text = strings.map((part, at) => part + textOf(values[at])).join('');
  }

  toString(): string {
    return this.#text;
  }
}

/** undefined, false: nothing. */
export type Content = Html | string | number | bigint | false | undefined | readonly Content[];

export function html(strings: TemplateStringsArray, ...values: Content[]): Html {
  return new Html(strings, values);
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** For text between tags, and for attributes in quotes. */
export function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

function textOf(value: Content): string {
  if (value === undefined || value === false) return '';
  if (value instanceof Html) return value.toString();
  if (typeof value === 'object') return value.map(textOf).join('');
  return escapeText(String(value));
}
