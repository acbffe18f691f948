/**
 * The proxies on the ways to the parts, made before the parts are there (their ports are chosen
 * here), and what a replica is told of its surroundings: proxies wherever it goes.
 */
import { freePort } from '#deploy/local/ports.ts';
import type { Replica, Surroundings } from '#deploy/local/services.ts';
import { EVENT_STORE, type Between, type Stack } from '#deploy/local/stack.ts';
import type { Toxiproxy } from './toxiproxy.ts';
import { CALLERS, PARTS, placesOf, wayName, type Place } from './ways.ts';

export type WayPorts = {
  /** Of the parts themselves. */
  readonly parts: Readonly<Record<(typeof PARTS)[number], number>>;
  /** The proxy's port on each way. */
  readonly ways: ReadonlyMap<string, number>;
  /** For each way into Kafka. */
  readonly kafka: Between['kafka'];
};

export async function standOnWays(proxies: Toxiproxy): Promise<WayPorts> {
  const parts = {
    postgres: await freePort(),
    redis: await freePort(),
    kafka: await freePort(),
    connect: await freePort(),
  };
  const ways = new Map<string, number>();
  const kafka: Between['kafka'][number][] = [];
  const portOf = (place: Place): number =>
    place === 'event-store' || place === 'projection-store' ? parts.postgres : parts[place];
  for (const who of CALLERS) {
    for (const place of placesOf(who)) {
      const name = wayName(who, place);
      // Kafka tells its clients where it is: each of them has a listener that tells its proxy.
      const upstream = place === 'kafka' ? await freePort() : portOf(place);
      const port = await proxies.stand(name, upstream);
      ways.set(name, port);
      if (place !== 'kafka') continue;
      const listener = who.toUpperCase().replaceAll(/[^A-Z0-9]/g, '');
      kafka.push({ name: listener, port: upstream, advertisedPort: port });
    }
  }
  return { parts, ways, kafka };
}

/** Settings for the stack: the ports that were chosen for its parts. */
export function partsEnv({ parts }: WayPorts): Record<string, string> {
  return Object.fromEntries(
    PARTS.map((part) => [`BANK_${part.toUpperCase()}_PORT`, String(parts[part])]),
  );
}

export function betweenOf(ports: WayPorts): Between {
  const connect = {
    postgresPort: portOn(ports, 'connect', 'event-store'),
    kafkaPort: portOn(ports, 'connect', 'kafka'),
  };
  return { connect, kafka: ports.kafka };
}

export function surroundingsOf(
  stack: Stack,
  { service, index }: Pick<Replica, 'service' | 'index'>,
  ports: WayPorts,
): Surroundings {
  const who = `${service}-${index + 1}`;
  const at = (place: Place): string =>
    placesOf(who).includes(place) ? `127.0.0.1:${portOn(ports, who, place)}` : NOWHERE;
  return {
    folder: stack.folder,
    postgresUrl: (user, database) => {
      const url = new URL(stack.postgresUrl(user, database));
      url.host = at(database === EVENT_STORE ? 'event-store' : 'projection-store');
      return url.href;
    },
    redisUrl: `redis://${at('redis')}`,
    kafkaBrokers: [at('kafka')],
    connectUrl: `http://${at('connect')}`,
  };
}

/** Nobody listens there. */
const NOWHERE = '127.0.0.1:1';

function portOn({ ways }: WayPorts, who: string, place: Place): number {
  const port = ways.get(wayName(who, place));
  if (port === undefined) throw new Error(`there is no way from ${who} to ${place}`);
  return port;
}
