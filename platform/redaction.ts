// What must never be printed, taken out of a text or of a whole log line: passwords in URLs,
// authorization, bearer tokens and JWTs, private keys, key-encryption keys, and whatever stands
// behind a name that says that it is a secret. Each text of a line is looked at, so that it does
// not matter in which field, error or cause a secret stands.
const HIDDEN = '(hidden)';

const PEM = /-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,30}KEY-----|$)/gs;
const URL_PASSWORD = /(\b[a-z][a-z0-9+.-]{1,20}:\/\/)[^\s/"\\@]{1,512}@/gi;
/** As BANK_KEK has it: id:key, of 32 bytes in base64. */
const KEY_ENTRY = /([\w.-]{1,64}:)[A-Za-z0-9+/]{43}=/g;
const SCHEME = /\b(bearer|basic|digest)(\s{1,4})[\w.~+/=-]{4,}/gi;
const JWT = /\beyJ[\w-]{4,}\.[\w-]{4,}(?:\.[\w-]*)?/g;

const NAME =
  'password|passwd|passphrase|pwd|secret|token|api[_-]?key|private[_-]?key|authorization|cookie|' +
  'credential';
/** A list; quoted, as in JSON; quoted in JSON inside of JSON; bare up to what ends a word. */
const VALUE =
  '\\[[^\\]]{0,4096}\\]|"(?:[^"\\\\]|\\\\.)*"|(\\\\+)".*?\\2"|\'[^\']*\'|[^\\s"\'\\\\,;&)}\\]{[]+';
const NAMED = new RegExp(
  `\\b([\\w-]{0,30}?(?:${NAME})[\\w-]{0,30}\\\\*["']?\\s{0,4}[=:]\\s{0,4})(?:${VALUE})`,
  'gi',
);
const IS_NAME = new RegExp(NAME, 'i');

export function redact(text: string): string {
  return text
    .replace(PEM, HIDDEN)
    .replace(URL_PASSWORD, `$1${HIDDEN}@`)
    .replace(KEY_ENTRY, `$1${HIDDEN}`)
    .replace(SCHEME, `$1$2${HIDDEN}`)
    .replace(JWT, HIDDEN)
    .replace(NAMED, `$1${HIDDEN}`);
}

/** A line of JSON; it stays one. */
export function redactLine(line: string): string {
  const ending = line.endsWith('\n') ? '\n' : '';
  try {
    return JSON.stringify(JSON.parse(line, redactValue)) + ending;
  } catch {
    return redact(line);
  }
}

function redactValue(name: string, value: unknown): unknown {
  if (value !== null && IS_NAME.test(name)) return HIDDEN;
  return typeof value === 'string' ? redact(value) : value;
}
