/**
 * The test's side of platform/pause-points.ts: an HTTP server to which a service that reaches a
 * named point reports, and which answers when the service may go on. Points that no test has armed
 * are answered at once. An armed point holds exactly one arrival; its process may be stopped or
 * killed meanwhile. Every wait is bounded and fails with what had been visited until then.
 */
import { createServer, type ServerResponse } from 'node:http';
import { z } from 'zod';
import { portOf } from '#test/support/port-of.ts';

const Arrival = z.object({ name: z.string(), instance: z.string(), pid: z.int() });
/** Who reached the point. */
export type Arrival = z.infer<typeof Arrival>;

export type ArmedPoint = {
  /** Resolves when a process stands at the point; rejects after `timeoutMs`. */
  reached: (timeoutMs?: number) => Promise<Arrival>;
  /** Lets the process go on; a point not reached yet is disarmed. */
  release: () => void;
};

export type PausePointServer = {
  /** The value of BANK_PAUSE_POINTS_URL. */
  url: string;
  /** Holds the next arrival at `name`: of any instance, or of the one named. */
  arm: (name: string, options?: { instance?: string }) => ArmedPoint;
  /** How often a point was reached, by any instance. */
  visits: (name: string) => number;
  close: () => Promise<void>;
};

type Trap = {
  name: string;
  instance: string | undefined;
  released: boolean;
  arrival: Arrival | undefined;
  held: ServerResponse | undefined;
  /** Everyone who waits for the arrival. */
  waiters: (() => void)[];
};

const REACHED_TIMEOUT_MS = 20_000;

export async function startPausePoints(): Promise<PausePointServer> {
  const traps: Trap[] = [];
  const counts = new Map<string, number>();
  const arrive = (arrival: Arrival, response: ServerResponse): void => {
    counts.set(arrival.name, (counts.get(arrival.name) ?? 0) + 1);
    const trap = traps.find((one) => catches(one, arrival));
    if (trap === undefined) return void response.end();
    trap.arrival = arrival;
    trap.held = response;
    for (const tell of trap.waiters) tell();
  };
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (text: string) => (body += text));
    request.on('end', () => {
      const arrival = Arrival.safeParse(JSON.parse(body));
      if (arrival.success) return arrive(arrival.data, response);
      response.writeHead(400).end(arrival.error.message);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const port = portOf(server);
  return {
    url: `http://127.0.0.1:${port}/`,
    arm(name, options = {}) {
      const trap: Trap = {
        name,
        instance: options.instance,
        released: false,
        arrival: undefined,
        held: undefined,
        waiters: [],
      };
      traps.push(trap);
      return armedPoint(trap, () => [...counts].map(([point, n]) => `${point} x${n}`).join(', '));
    },
    visits: (name) => counts.get(name) ?? 0,
    close: async () => {
      for (const trap of traps) release(trap);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function catches(trap: Trap, arrival: Arrival): boolean {
  if (trap.released || trap.arrival !== undefined || trap.name !== arrival.name) return false;
  return trap.instance === undefined || trap.instance === arrival.instance;
}

function armedPoint(trap: Trap, visited: () => string): ArmedPoint {
  return {
    reached: (timeoutMs = REACHED_TIMEOUT_MS) =>
      new Promise((resolve, reject) => {
        const limit = setTimeout(() => {
          const of = trap.instance === undefined ? '' : ` by ${trap.instance}`;
          const seen = visited() || 'no point at all';
          reject(new Error(`"${trap.name}" not reached${of} in ${timeoutMs} ms; visited: ${seen}`));
        }, timeoutMs);
        const arrived = (): void => {
          clearTimeout(limit);
          if (trap.arrival !== undefined) resolve(trap.arrival);
        };
        trap.waiters.push(arrived);
        if (trap.arrival !== undefined) arrived();
      }),
    release: () => release(trap),
  };
}

function release(trap: Trap): void {
  trap.released = true;
  trap.held?.end();
  trap.held = undefined;
}
