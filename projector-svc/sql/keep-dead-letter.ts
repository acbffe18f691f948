/** Keeps a dead letter, once, and lets the oldest go where there are too many. */
import type pg from 'pg';
import { DEAD_LETTERS } from '../config.ts';
import type { DeadLetter } from '../dead-letter.ts';

const KEEP = `
  insert into dead_letters (dead_letter_id, partition, seq, source, is_unread, kafka_offset,
      headers, payload, payload_bytes, cause, message, found_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, now())
    on conflict (dead_letter_id) do update set message = excluded.message
    returning xmax = 0 as is_new`;
/** Never those that accounts wait for. */
const LET_GO = `
  delete from dead_letters
   where dead_letter_id in (
     select dead_letter_id from dead_letters where source = 'kafka'
      order by found_at desc, dead_letter_id offset $1)`;

/** Answers whether it is a new one. */
export async function keepDeadLetter(
  client: pg.ClientBase | pg.Pool,
  letter: DeadLetter,
): Promise<boolean> {
  const { rows } = await client.query<{ is_new: boolean }>({
    name: 'keep_dead_letter',
    text: KEEP,
    values: [
      letter.deadLetterId,
      letter.partition,
      letter.seq,
      letter.source,
      letter.isUnread,
      letter.offset ?? null,
      JSON.stringify(letter.headers),
      letter.payload,
      letter.payloadBytes,
      letter.cause,
      letter.message,
    ],
  });
  if (letter.source === 'kafka') await client.query(LET_GO, [DEAD_LETTERS.keptMax]);
  return rows[0]?.is_new === true;
}
