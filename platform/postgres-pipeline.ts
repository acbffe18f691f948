/**
 * Several statements and COPYs in ONE message with one Sync: one round trip, and, outside of an
 * explicit transaction, one implicit transaction. A failing step rolls all of it back; the
 * connection then works on.
 *
 * The promise rejects with the server's error (it carries the SQLSTATE), or with the connection's:
 * then nobody knows whether the server has committed. No answer within the time limit destroys the
 * connection.
 */
import type { ClientBase, Connection, Submittable } from 'pg';

/** A Buffer travels as binary, a string as text. */
export type PipelineValue = string | Buffer | null;

export type PipelineStep =
  | {
      readonly kind: 'statement';
      /** Prepared once a connection under this name. */
      readonly name: string;
      readonly sql: string;
      readonly values: PipelineValue[];
    }
  | {
      readonly kind: 'copy';
      readonly name: string;
      /** copy ... from stdin (format binary) */
      readonly sql: string;
      /** The whole stream: header, rows, trailer. */
      readonly data: Buffer;
    };

export type PipelineResult = {
  /** Text of every column, null for null. */
  readonly rows: (string | null)[][];
  readonly tag: string;
};

const COPY_DATA = 0x64;
const COPY_DONE = Buffer.from([0x63, 0, 0, 0, 4]);

/**
 * Names that are prepared on a connection for certain; an error leaves the others to be closed and
 * made anew.
 */
const preparedNames = new WeakMap<Connection, Set<string>>();

/**
 * A first step: for locks this transaction waits no longer than so. What many callers share gives
 * way soon, and each of them waits alone.
 */
export function lockTimeout(ms: number): PipelineStep {
  const sql = "select set_config('lock_timeout', $1, true)";
  return { kind: 'statement', name: 'lock-timeout', sql, values: [`${ms}ms`] };
}

export function runPipeline(
  client: ClientBase,
  steps: readonly PipelineStep[],
  timeoutMs: number,
): Promise<PipelineResult[]> {
  return new Promise((resolve, reject) => {
    client.query(new PipelineQuery(steps, timeoutMs, resolve, reject));
  });
}

class PipelineQuery implements Submittable {
  /** Set by pg, which wants to hear of the end when it has a time limit of its own. */
  callback: ((error: Error | null) => void) | undefined;
  readonly #steps: readonly PipelineStep[];
  readonly #timeoutMs: number;
  readonly #resolve: (results: PipelineResult[]) => void;
  readonly #reject: (error: Error) => void;
  readonly #results: PipelineResult[] = [];
  #rows: (string | null)[][] = [];
  #timer: NodeJS.Timeout | undefined;
  #connection: Connection | undefined;

  constructor(
    steps: readonly PipelineStep[],
    timeoutMs: number,
    resolve: (results: PipelineResult[]) => void,
    reject: (error: Error) => void,
  ) {
    this.#steps = steps;
    this.#timeoutMs = timeoutMs;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  submit(connection: Connection): void {
    this.#connection = connection;
    const { stream } = connection;
    const prepared = preparedNames.get(connection) ?? new Set<string>();
    preparedNames.set(connection, prepared);
    this.#timer = setTimeout(() => {
      stream.destroy(unanswered(this.#timeoutMs));
    }, this.#timeoutMs);
    stream.cork();
    const parsed = new Set<string>();
    for (const step of this.#steps) {
      if (!prepared.has(step.name) && !parsed.has(step.name)) {
        connection.close({ type: 'S', name: step.name }, true);
        connection.parse({ name: step.name, text: step.sql, types: [] }, true);
        parsed.add(step.name);
      }
      const values = step.kind === 'statement' ? step.values : [];
      connection.bind({ portal: '', statement: step.name, values }, true);
      connection.execute({ portal: '', rows: '' }, true);
      if (step.kind === 'copy') {
        stream.write(copyDataHeader(step.data.length));
        stream.write(step.data);
        stream.write(COPY_DONE);
      }
    }
    connection.sync();
    stream.uncork();
  }

  handleDataRow(message: { fields: (string | null)[] }): void {
    this.#rows.push(message.fields);
  }

  handleCommandComplete(message: { text: string }): void {
    this.#results.push({ rows: this.#rows, tag: message.text });
    this.#rows = [];
  }

  handleReadyForQuery(): void {
    clearTimeout(this.#timer);
    const prepared = this.#connection && preparedNames.get(this.#connection);
    for (const step of this.#steps) prepared?.add(step.name);
    this.callback?.(null);
    this.#resolve(this.#results);
  }

  handleError(error: Error): void {
    clearTimeout(this.#timer);
    const prepared = this.#connection && preparedNames.get(this.#connection);
    for (const step of this.#steps) prepared?.delete(step.name);
    this.callback?.(error);
    this.#reject(error);
  }

  handleCopyInResponse(): void {
    // The data is on its way already.
  }

  handleRowDescription(): void {
    // Never asked for: columns are known by the statement.
  }

  handleEmptyQuery(): void {
    this.handleCommandComplete({ text: '' });
  }

  handlePortalSuspended(): void {
    // Never: every Execute asks for all rows.
  }
}

function copyDataHeader(length: number): Buffer {
  const header = Buffer.allocUnsafe(5);
  header[0] = COPY_DATA;
  header.writeInt32BE(length + 4, 1);
  return header;
}

/** Carries the code by which a lost connection is known. */
function unanswered(timeoutMs: number): Error {
  return Object.assign(new Error(`no answer within ${timeoutMs} ms`), { code: 'ETIMEDOUT' });
}
