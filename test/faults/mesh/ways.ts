/**
 * Who talks to whom in the mesh, and the port of the proxy that stands on each way. Every way has a
 * proxy of its own, so that what is done to one leaves all others as they are.
 */

export const INSTANCES = ['command-1', 'command-2', 'projector-1', 'projector-2', 'query-1'];
export const PARTS = ['postgres', 'redis', 'kafka', 'connect'] as const;

export type Place = 'event-store' | 'projection-store' | 'redis' | 'kafka' | 'connect';

const NEEDS: Record<string, readonly Place[]> = {
  command: ['event-store', 'redis'],
  projector: ['event-store', 'projection-store', 'redis', 'kafka', 'connect'],
  query: ['projection-store', 'redis'],
  connect: ['event-store', 'kafka'],
};

/** What a service, a part or the test's clients talk to. */
export function placesOf(instance: string): readonly Place[] {
  const service = instance.split('-')[0] ?? '';
  const places = NEEDS[service];
  if (places === undefined) throw new Error(`nothing is known of ${instance}`);
  return places;
}

/** Those whose ways lead to the parts. */
export const CALLERS: readonly string[] = [...INSTANCES, 'connect'];

/** projector-1.kafka, client.command-2. */
export function wayName(who: string, place: string): string {
  return `${who}.${place}`;
}

/** All ways, in a fixed order: a seed picks the same one every time. */
export function allWays(): string[] {
  return [
    ...CALLERS.flatMap((who) => placesOf(who).map((place) => wayName(who, place))),
    ...INSTANCES.map((instance) => wayName('client', instance)),
  ];
}
