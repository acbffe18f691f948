/**
 * GET /live: Server-Sent Events that keep a page fresh. Each event carries the sections that have
 * changed since this page was told last, as HTML. A page that does not read gets nothing more until
 * it has, and then what is newest. A stream ends by its age, at the drain, or when the token is
 * taken no more; the browser opens the next one by itself.
 */
import type { ServerResponse } from 'node:http';
import { SAFE_HEADERS } from './replies.ts';
import type { Look } from './watches.ts';

export type LiveStreams = {
  /**
   * False: there are as many as may be, and nothing was written. Nor was it when `follow` throws,
   * which goes on to the caller.
   */
  open(response: ServerResponse, follow: (onLook: (look: Look) => void) => () => void): boolean;
  /** Ends all, and takes no more. */
  close(): void;
};

export type LiveLimits = { readonly streamsMax: number; readonly streamAgeMaxMs: number };

const HEADERS = {
  ...SAFE_HEADERS,
  'content-type': 'text/event-stream; charset=utf-8',
  'x-accel-buffering': 'no', // nginx would keep it back
};
const RETRY_MS = 2_000;

export function createLiveStreams({ streamsMax, streamAgeMaxMs }: LiveLimits): LiveStreams {
  const open = new Set<ServerResponse>();
  let isClosed = false;
  return {
    open(response, follow) {
      if (isClosed || open.size >= streamsMax) return false;
      const begin = (): void => {
        if (response.headersSent) return;
        response.writeHead(200, HEADERS);
        response.write(`retry: ${RETRY_MS}\n\n`);
      };
      const tell = tellerOf(response);
      const stop = follow((look) => {
        begin();
        tell(look);
      });
      begin();
      open.add(response);
      const age = setTimeout(() => response.end(), streamAgeMaxMs);
      response.once('close', () => {
        clearTimeout(age);
        stop();
        open.delete(response);
      });
      return true;
    },
    close() {
      isClosed = true;
      for (const response of open) response.end();
    },
  };
}

function tellerOf(response: ServerResponse): (look: Look) => void {
  const told = new Map<string, string>();
  return (look) => {
    if (response.writableEnded || response.writableNeedDrain) return;
    if (look.signedOut !== undefined) {
      response.end('event: signed-out\ndata:\n\n');
      return;
    }
    const changed: Record<string, string> = {};
    for (const [id, section] of look.sections) {
      const shown = section.toString();
      if (told.get(id) === shown) continue;
      changed[id] = shown;
      told.set(id, shown);
    }
    // With nothing to tell it is a comment: whoever is between sees that the stream lives.
    const isQuiet = Object.keys(changed).length === 0;
    response.write(isQuiet ? ':\n\n' : `event: sections\ndata: ${JSON.stringify(changed)}\n\n`);
  };
}
