/**
 * A document that shows calls. Between two marks its `sh` blocks are what a user types, and behind
 * each stands the block with the answer: these functions find the first and set the second, text to
 * text. A block headed `sh refused` is one that the bank refuses. What is not between marks is left
 * as it is.
 */

export type ShownCall = {
  /** The document and the line, for a person. */
  readonly place: string;
  readonly shell: string;
  readonly isRefused: boolean;
};

const MARKED = /(^<!-- calls: .*-->\n[^]*?^<!-- end of calls -->\n)/m;
const CALL = /^```sh( refused)?\n([^]*?)^```\n(?:\n?^```(?:json|text)\n[^]*?^```\n)?/gm;

export function shownCalls(path: string, document: string): ShownCall[] {
  const parts = partsOf(document);
  return parts.flatMap((part, place) => {
    const linesBefore = parts.slice(0, place).join('').split('\n').length;
    return callsIn(part, place).map(({ index, 1: refused, 2: shell = '' }) => ({
      place: `${path}:${linesBefore + part.slice(0, index).split('\n').length}`,
      shell,
      isRefused: refused !== undefined,
    }));
  });
}

/** The document with these answers, one a call; a call without output has no block behind it. */
export function withAnswers(document: string, answers: readonly string[]): string {
  const rest = [...answers];
  const shown = partsOf(document).map((part, place) => {
    let behind = 0;
    const pieces = callsIn(part, place).map(({ 0: all, index, 1: refused = '', 2: shell = '' }) => {
      const before = part.slice(behind, index);
      behind = index + all.length;
      return `${before}\`\`\`sh${refused}\n${shell}\`\`\`\n${answerBlock(rest.shift() ?? '')}`;
    });
    return pieces.join('') + part.slice(behind);
  });
  return shown.join('');
}

/** Those at odd places are between marks. */
function partsOf(document: string): string[] {
  return document.split(MARKED);
}

function callsIn(part: string, place: number): RegExpExecArray[] {
  return place % 2 === 0 ? [] : [...part.matchAll(CALL)];
}

function answerBlock(answer: string): string {
  if (answer === '') return '';
  return `\n\`\`\`${answer.startsWith('{') ? 'json' : 'text'}\n${answer}\n\`\`\`\n`;
}
