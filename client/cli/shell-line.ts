/** A command line as it is typed again: quoted for a POSIX shell, and without its token. */

const PLAIN = /^[A-Za-z0-9_@%+=:,./-]+$/;
const OPERATION_ID = '--operation-id';
const TOKEN = '--token';

/** The same command with this operation id. */
export function shellLine(commandLine: readonly string[], operationId: string): string {
  const isNamed = commandLine.some((word) => word.split('=')[0] === OPERATION_ID);
  const words = isNamed ? commandLine : [...commandLine, OPERATION_ID, operationId];
  const shown = words.map((word, at) => {
    if (word.startsWith(`${TOKEN}=`)) return `${TOKEN}="$TOKEN"`;
    return words[at - 1] === TOKEN ? '"$TOKEN"' : shellWord(word);
  });
  return ['bank', ...shown].join(' ');
}

function shellWord(word: string): string {
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
