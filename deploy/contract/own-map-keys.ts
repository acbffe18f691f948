/**
 * ts-proto keeps a map in a plain object and assigns each entry as it is decoded: for the key
 * `__proto__` that is a call of a setter, and the entry is lost without a word. Defined as the
 * object's own, it is there for whoever checks the message.
 */

const ASSIGNMENT = /(message\.\w+)\[(entry\d+)\.key\] = \2\.value;/g;

export function withOwnMapKeys(generated: string): string {
  return generated.replace(
    ASSIGNMENT,
    (_all, map: string, entry: string) =>
      `Object.defineProperty(${map}, ${entry}.key, { value: ${entry}.value, ${OWN} });`,
  );
}

/** As an assignment makes it. */
const OWN = 'enumerable: true, configurable: true, writable: true';
