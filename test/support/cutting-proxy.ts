/**
 * A TCP proxy in front of PostgreSQL that loses one answer on purpose. Armed with a text that the
 * request carries ("append_batch"), it cuts the connection either before the server has seen that
 * request, or after the server has committed it: the request goes through, the answer is swallowed.
 * Of requests that come together, those before the one that is lost go through.
 * An answer that is an error or leaves a transaction open is passed on, and the proxy stays armed.
 * Unarmed, it forwards every byte.
 */
import { connect, createServer, type Socket } from 'node:net';
import { portOf } from '#test/support/port-of.ts';

export type CutMoment = 'before the server has seen it' | 'after the server has committed';
export type Cut = {
  /** Resolves when the connection was cut. */
  done: Promise<void>;
  disarm: () => void;
};
export type CuttingProxy = {
  host: string;
  port: number;
  /** Cuts once, at the request that holds `text`, after `skip` such requests. */
  arm: (options: { text: string; moment: CutMoment; skip?: number }) => Cut;
  /** Cuts every connection that is open now. */
  cutAll: () => void;
  close: () => Promise<void>;
};

type Armed = { text: Buffer; moment: CutMoment; skip: number; fired: () => void };
type State = { armed: Armed | undefined; pairs: Set<Pair> };
type Pair = {
  client: Socket;
  server: Socket;
  /** The end of what the client has sent, as long as the text that is looked for. */
  tail: Buffer;
  /** Set from the matching request on until its answer is known. */
  waiting: Armed | undefined;
  /** The server's bytes that are not a whole message yet. */
  partial: Buffer;
  /** Whole messages of an answer that may have to be swallowed. */
  answer: Buffer[];
};

const READY_FOR_QUERY = 0x5a;
const ERROR_RESPONSE = 0x45;
const IDLE = 0x49;

export async function startCuttingProxy(target: {
  host: string;
  port: number;
}): Promise<CuttingProxy> {
  const state: State = { armed: undefined, pairs: new Set() };
  const listener = createServer({ noDelay: true }, (client) => join(state, client, target));
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  return {
    host: '127.0.0.1',
    port: portOf(listener),
    arm: ({ text, moment, skip = 0 }) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      const armed = { text: Buffer.from(text), moment, skip, fired: resolve };
      state.armed = armed;
      return {
        done: promise,
        disarm: () => {
          if (state.armed === armed) state.armed = undefined;
        },
      };
    },
    cutAll: () => {
      for (const pair of state.pairs) cut(state, pair);
    },
    close: async () => {
      for (const pair of state.pairs) cut(state, pair);
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}

function join(state: State, client: Socket, target: { host: string; port: number }): void {
  const server = connect({ ...target, noDelay: true });
  const pair: Pair = {
    client,
    server,
    tail: Buffer.alloc(0),
    waiting: undefined,
    partial: Buffer.alloc(0),
    answer: [],
  };
  state.pairs.add(pair);
  client.on('data', (bytes) => fromClient(state, pair, bytes));
  server.on('data', (bytes) => fromServer(state, pair, bytes));
  // Whatever ends one side ends the other: a lost connection looks lost from both.
  for (const socket of [client, server]) {
    socket.on('error', () => cut(state, pair));
    socket.on('close', () => cut(state, pair));
  }
}

function fromClient(state: State, pair: Pair, bytes: Buffer): void {
  const { armed } = state;
  const place = armed === undefined ? undefined : placeOf(pair, armed, bytes);
  if (armed !== undefined && place !== undefined) {
    if (armed.moment === 'before the server has seen it') {
      forward(pair.client, pair.server, bytes.subarray(0, place));
      return fire(state, pair, armed);
    }
    pair.waiting = armed;
  }
  forward(pair.client, pair.server, bytes);
}

/** From where on the bytes are lost; undefined: not yet. */
function placeOf(pair: Pair, armed: Armed, bytes: Buffer): number | undefined {
  const { text } = armed;
  const before = pair.tail.length;
  const seen = Buffer.concat([pair.tail, bytes]);
  pair.tail = Buffer.from(seen.subarray(Math.max(0, seen.length - text.length + 1)));
  let isFirst = true;
  for (let at = seen.indexOf(text); at >= 0; at = seen.indexOf(text, at + 1)) {
    if (armed.skip === 0) return isFirst ? 0 : Math.max(0, at - before);
    armed.skip -= 1;
    isFirst = false;
  }
  return undefined;
}

function fromServer(state: State, pair: Pair, bytes: Buffer): void {
  pair.partial = Buffer.concat([pair.partial, bytes]);
  for (;;) {
    const length = pair.partial.length < 5 ? Infinity : 1 + pair.partial.readUInt32BE(1);
    if (pair.partial.length < length) break;
    pair.answer.push(pair.partial.subarray(0, length));
    pair.partial = pair.partial.subarray(length);
    if (!endOfAnswer(state, pair)) return;
  }
  if (pair.waiting === undefined) pass(pair);
}

/** False when the connection was cut at this point. */
function endOfAnswer(state: State, pair: Pair): boolean {
  const last = pair.answer.at(-1);
  if (pair.waiting === undefined || last?.[0] !== READY_FOR_QUERY) return true;
  const refused = pair.answer.some((message) => message[0] === ERROR_RESPONSE);
  if (!refused && last[5] === IDLE) {
    if (state.armed === pair.waiting) {
      fire(state, pair, pair.waiting);
      return false;
    }
    pair.waiting = undefined;
  } else if (refused) {
    pair.waiting = undefined;
  }
  pass(pair);
  return true;
}

function pass(pair: Pair): void {
  for (const message of pair.answer) forward(pair.server, pair.client, message);
  pair.answer = [];
}

/** Stops reading where the other side does not take more, so that the proxy's memory stays flat. */
function forward(from: Socket, to: Socket, bytes: Buffer): void {
  if (to.destroyed || to.write(bytes)) return;
  from.pause();
  to.once('drain', () => from.resume());
}

function fire(state: State, pair: Pair, armed: Armed): void {
  state.armed = undefined;
  cut(state, pair);
  armed.fired();
}

function cut(state: State, pair: Pair): void {
  state.pairs.delete(pair);
  pair.client.destroy();
  pair.server.destroy();
}
