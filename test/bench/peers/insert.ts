/**
 * One INSERT a deposit: a prepared statement of pg that stores one row, committed by itself. No
 * entry, no balance, no decision: the least that a service with one statement a request does.
 */
import type pg from 'pg';
import { requireEqual } from '../check-failed.ts';
import { runClients } from './timed-clients.ts';

const INSERT = `insert into deposits (account_id, version, recorded_at, amount_minor, hash, payload)
  values ($1, $2, now(), $3, $4, $5)`;
const HASH = Buffer.alloc(32, 0x5a);
const PAYLOAD = Buffer.alloc(38, 0x3c);
const AMOUNT_MINOR = '12345';

/** Rows a second with so many connections. Starts from an empty table. */
export async function runInserts(
  pool: pg.Pool,
  accounts: readonly string[],
  clients: number,
  forMs: number,
): Promise<number> {
  await pool.query('truncate deposits');
  const connections = await Promise.all(Array.from({ length: clients }, () => pool.connect()));
  let version = 0;
  try {
    const { done, perSecond } = await runClients(clients, forMs, async (client) => {
      version++;
      const id = accounts[version % accounts.length] ?? '';
      const values = [id, String(version), AMOUNT_MINOR, HASH, PAYLOAD];
      await connections[client]?.query({ name: 'insert-deposit', text: INSERT, values });
    });
    const { rows } = await pool.query<{ count: bigint }>('select count(*) from deposits');
    requireEqual('rows inserted', rows[0]?.count, BigInt(done));
    return perSecond;
  } finally {
    for (const connection of connections) connection.release();
  }
}
