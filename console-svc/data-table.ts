/**
 * A table of data: a caption, headers with their scope, and rows. On a narrow screen each row
 * becomes a block whose cells carry their header as a label (console.css). The roles are stated
 * because a browser forgets what a table is when it is laid out in another way.
 */
import { html, type Content, type Html } from './html.ts';

export type Column = {
  readonly name: string;
  /** Aligned at the right, with digits of one width. */
  readonly isNumber?: boolean;
  /** Whatever a caller has written, of any length and without spaces. */
  readonly isFree?: boolean;
};

export type TableData = {
  readonly caption: string;
  /** The first one names the row. */
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Content[])[];
  /** Instead of a table without rows. */
  readonly none: string;
  /** Few and short columns: it stays a table on a narrow screen. */
  readonly isSlim?: boolean;
};

export function dataTable({ caption, columns, rows, none, isSlim = false }: TableData): Html {
  if (rows.length === 0) return html`<p class="none">${none}</p>`;
  return html`<table role="table" class="${isSlim ? 'slim' : 'wide'}">
    <caption>
      ${caption}
    </caption>
    <thead role="rowgroup">
      <tr role="row">
        ${columns.map((column) => headerCell(column))}
      </tr>
    </thead>
    <tbody role="rowgroup">
      ${rows.map((cells) => tableRow(columns, cells))}
    </tbody>
  </table>`;
}

function headerCell(column: Column): Html {
  return html`<th role="columnheader" scope="col" class="${kindOf(column)}">${column.name}</th>`;
}

function tableRow(columns: readonly Column[], cells: readonly Content[]): Html {
  const shown = cells.map((cell, at) => {
    const column = columns[at] ?? { name: '' };
    const [kind, { name }] = [kindOf(column), column];
    const value = html`<div>${cell}</div>`;
    return at === 0
      ? html`<th role="rowheader" scope="row" class="${kind}" data-label="${name}">${value}</th>`
      : html`<td role="cell" class="${kind}" data-label="${name}">${value}</td>`;
  });
  return html`<tr role="row">
    ${shown}
  </tr>`;
}

function kindOf({ isNumber, isFree }: Column): string {
  if (isNumber === true) return 'number';
  return isFree === true ? 'free' : 'text';
}

/** Names with their values. */
export function factList(facts: readonly (readonly [name: string, value: Content])[]): Html {
  return html`<dl class="facts">
    ${facts.map(
      ([name, value]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;
}
