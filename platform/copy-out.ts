/**
 * A statement whose answer is a stream of bytes (COPY ... TO STDOUT, BASE_BACKUP): each chunk is
 * handed on before the next ones are taken from the connection, so memory does not grow with the
 * answer. Rows that come before and after the stream are collected. The promise rejects with the
 * server's error, or with what the receiver threw; then the connection is destroyed, for the rest
 * of the stream is still on its way.
 */
import type { ClientBase, Connection, Submittable } from 'pg';

/** The chunk is its own: it may be kept. */
export type ChunkReceiver = (chunk: Buffer) => void | Promise<void>;

/** Text of every column, null for null. */
export type TextRow = (string | null)[];

export function copyOut(
  client: ClientBase,
  sql: string,
  receive: ChunkReceiver,
): Promise<TextRow[]> {
  return new Promise((resolve, reject) => {
    client.query(new CopyOutQuery(sql, receive, resolve, reject));
  });
}

/** A short answer as one buffer. */
export async function copyOutWhole(client: ClientBase, sql: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  await copyOut(client, sql, (chunk) => void chunks.push(chunk));
  return Buffer.concat(chunks);
}

class CopyOutQuery implements Submittable {
  /** Set by pg, which wants to hear of the end when it has a time limit of its own. */
  callback: ((error: Error | null) => void) | undefined;
  readonly #sql: string;
  readonly #receive: ChunkReceiver;
  readonly #resolve: (rows: TextRow[]) => void;
  readonly #reject: (error: unknown) => void;
  readonly #rows: TextRow[] = [];
  #connection: Connection | undefined;
  #received: Promise<void> = Promise.resolve();
  #waiting = 0;

  constructor(
    sql: string,
    receive: ChunkReceiver,
    resolve: (rows: TextRow[]) => void,
    reject: (error: unknown) => void,
  ) {
    this.#sql = sql;
    this.#receive = receive;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  submit(connection: Connection): void {
    this.#connection = connection;
    connection.query(this.#sql);
  }

  handleCopyData({ chunk }: { chunk: Buffer }): void {
    const own = Buffer.from(chunk); // the parser uses its buffer again
    this.#connection?.stream.pause();
    this.#waiting += 1;
    this.#received = this.#received.then(() => this.#hand(own));
  }

  async #hand(chunk: Buffer): Promise<void> {
    try {
      await this.#receive(chunk);
    } catch (error) {
      this.#reject(error);
      this.#connection?.stream.destroy();
    } finally {
      this.#waiting -= 1;
      if (this.#waiting === 0) this.#connection?.stream.resume();
    }
  }

  handleDataRow({ fields }: { fields: TextRow }): void {
    this.#rows.push(fields);
  }

  handleReadyForQuery(): void {
    this.callback?.(null);
    void this.#received.then(() => this.#resolve(this.#rows));
  }

  handleError(error: Error): void {
    this.callback?.(error);
    this.#reject(error);
  }

  handleRowDescription(): void {
    // The caller knows the columns.
  }

  handleCommandComplete(): void {
    // What counts is the end of all of it.
  }
}
