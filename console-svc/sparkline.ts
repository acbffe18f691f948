/**
 * The last minutes as a line of inline SVG: one line a series, oldest at the left, all on one
 * scale from zero. Its meaning is in its label, for those who do not see it.
 */
import { html, type Html } from './html.ts';
import { count } from './shown-values.ts';

export type Series = { readonly name: string; readonly values: readonly number[] };

const WIDTH = 300;
const HEIGHT = 48;
const EDGE = 2;

/** `span`: how long the longest series is, for people: "3 minutes". */
export function sparkline(what: string, span: string, series: readonly Series[]): Html {
  const top = Math.max(1, ...series.flatMap(({ values }) => values));
  const told = series.map(({ name, values }) => `${name} ${count(values.at(-1) ?? 0)}`).join(', ');
  const label = `${what} over the last ${span}: now ${told}; at most ${count(top)}`;
  const lines = series.map(({ values }, at) => {
    return html`<polyline class="line-${at}" points="${points(values, top)}" />`;
  });
  return html`<figure class="spark">
    <svg
      viewBox="0 0 ${WIDTH} ${HEIGHT}"
      role="img"
      aria-label="${label}"
      preserveAspectRatio="none"
    >
      ${lines}
    </svg>
    <figcaption>
      ${series.map(({ name }, at) => html`<span class="key line-${at}">${name}</span> `)}
      <span class="span">last ${span}, top ${count(top)}/s</span>
    </figcaption>
  </figure>`;
}

function points(values: readonly number[], top: number): string {
  const step = (WIDTH - 2 * EDGE) / Math.max(1, values.length - 1);
  return values
    .map((value, at) => {
      const x = EDGE + at * step;
      const y = HEIGHT - EDGE - (Math.max(0, value) / top) * (HEIGHT - 2 * EDGE);
      return `${x.toFixed(1)},${y.toFixed(1)}`;
    })
    .join(' ');
}
