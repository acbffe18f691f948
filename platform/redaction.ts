// What must never be printed, taken out of a text: passwords in URLs, authorization, bearer tokens
// and JWTs, private keys, and whatever stands behind a name that says that it is a secret. Used on
// each log line as a whole, so that it does not matter in which field of it a secret stands.
const HIDDEN = '(hidden)';

const PEM = /-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,30}KEY-----|$)/gs;
const URL_PASSWORD = /(\b[a-z][a-z0-9+.-]{1,20}:\/\/)[^\s/"'\\@]{1,512}@/gi;
const SCHEME = /\b(bearer|basic|digest)(\s{1,4})[\w.~+/=-]{4,}/gi;
const JWT = /\beyJ[\w-]{4,}\.[\w-]{4,}(?:\.[\w-]*)?/g;

const NAME =
  'password|passwd|passphrase|pwd|secret|token|api[_-]?key|private[_-]?key|authorization|cookie|' +
  'credential';
/** Quoted, as in JSON; quoted in JSON inside of JSON; bare up to what ends a word. */
const VALUE = '"(?:[^"\\\\]|\\\\.)*"|(\\\\+)".*?\\3"|\'[^\']*\'|[^\\s"\'\\\\,;&)}\\]{[]+';
const NAMED = new RegExp(
  `\\b([\\w-]{0,30}?(?:${NAME})[\\w-]{0,30})(\\\\*["']?\\s{0,4}[=:]\\s{0,4})(?:${VALUE})`,
  'gi',
);

export function redact(text: string): string {
  return text
    .replace(PEM, HIDDEN)
    .replace(URL_PASSWORD, `$1${HIDDEN}@`)
    .replace(SCHEME, `$1$2${HIDDEN}`)
    .replace(JWT, HIDDEN)
    .replace(NAMED, (_, name: string, between: string, escapes: string | undefined) => {
      const quote = /["']\s*[=:]/.test(between) ? `${escapes ?? ''}"` : '';
      return `${name}${between}${quote}${HIDDEN}${quote}`;
    });
}
