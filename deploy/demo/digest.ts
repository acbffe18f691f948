/**
 * A sum over facts that does not depend on their order: equal sums over two sources mean that both
 * hold the same facts, each as often, but for a chance of one in 2^64.
 */
import { hash } from 'node:crypto';

const WORD = 2 ** 32;

export type Digest = { readonly count: number; readonly sum: string };

export class FactDigest {
  #count = 0;
  #high = 0;
  #low = 0;

  add(...fact: readonly (string | number | bigint)[]): void {
    const bytes = hash('sha256', fact.join(' '), 'binary');
    this.#count++;
    this.#high = (this.#high + wordAt(bytes, 0)) % WORD;
    this.#low = (this.#low + wordAt(bytes, 4)) % WORD;
  }

  value(): Digest {
    return { count: this.#count, sum: `${this.#high}:${this.#low}` };
  }
}

function wordAt(bytes: string, at: number): number {
  let word = 0;
  for (let n = at; n < at + 4; n++) word = word * 256 + bytes.charCodeAt(n);
  return word;
}
