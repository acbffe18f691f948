/**
 * What the run's one stack tells every test file: where its parts are and how to log in. Provided
 * by the global set-up (stack-setup.ts) and read with vitest's inject('stack').
 */
import type { DataFolder } from '#deploy/local/data-folder.ts';

export type StackFacts = {
  postgres: { host: string; port: number };
  passwords: DataFolder['passwords'];
  redisUrl: string;
  kafkaBrokers: string[];
  /** Empty where no Connect runs (integration). */
  connectUrl: string;
  folder: string;
  logs: string;
};

export type StackRole = keyof StackFacts['passwords'];

/** In integration tests every file gets copies of these two. */
export const TEMPLATES = { eventStore: 'event_template', projectionStore: 'projection_template' };

export function databaseUrl(
  facts: Pick<StackFacts, 'passwords'>,
  role: StackRole,
  database: string,
  { host, port }: StackFacts['postgres'],
): string {
  return `postgres://${role}:${facts.passwords[role]}@${host}:${port}/${database}`;
}

declare module 'vitest' {
  // eslint-disable-next-line no-unused-vars -- this is how vitest is told of what is provided
  interface ProvidedContext {
    stack: StackFacts;
  }
}
