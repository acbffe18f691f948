/**
 * Rows of a query through a cursor, a few thousand at a time: memory is flat for a table of any
 * size. The connection must be in a transaction, which also gives all cursors of it one snapshot.
 */
import type pg from 'pg';

const ROWS_A_FETCH = 5_000;
let cursors = 0;

export async function* readRows<Row extends pg.QueryResultRow>(
  client: pg.ClientBase,
  text: string,
  values: readonly unknown[] = [],
): AsyncGenerator<Row, void, void> {
  const name = `demo_rows_${++cursors}`;
  await client.query(`declare ${name} no scroll cursor for ${text}`, [...values]);
  for (;;) {
    const { rows } = await client.query<Row>(`fetch ${ROWS_A_FETCH} from ${name}`);
    yield* rows;
    if (rows.length < ROWS_A_FETCH) break;
  }
  await client.query(`close ${name}`);
}
