/**
 * What the runs have measured, by figure. A scenario writes into a draft; only a scenario whose
 * every run reconciled is taken over, so that a wrong run leaves no figure.
 */
import { FIGURES, type FigureSpec } from './figures.ts';
import { summarize, type Summary } from './statistics.ts';

export type MeasuredFigure = Summary & { readonly name: string; readonly unit: string };

export class Samples {
  readonly #values = new Map<string, number[]>();

  /** Throws a RangeError for a figure that FIGURES does not have. */
  add(name: string, ...values: readonly number[]): void {
    if (!FIGURES.some((figure) => figure.name === name)) {
      throw new RangeError(`${name} is no figure of the benchmark`);
    }
    this.#values.set(name, [...this.of(name), ...values]);
  }

  of(name: string): readonly number[] {
    return this.#values.get(name) ?? [];
  }

  takeOver(draft: Samples): void {
    for (const [name, values] of draft.#values) this.add(name, ...values);
  }

  /** The measured ones of the given figures, in their order. */
  figures(specs: readonly FigureSpec[]): MeasuredFigure[] {
    return specs
      .filter(({ name }) => this.of(name).length > 0)
      .map(({ name, unit }) => ({ name, unit, ...summarize(this.of(name)) }));
  }
}
