/**
 * Makes a JSON schema strict and small: descriptions are left out, and an object that names its
 * properties takes no others, as `kubectl apply --validate=strict` has it. Kubernetes writes what
 * JSON schema cannot say beside it (x-kubernetes-*), of which two count here.
 */
import { z } from 'zod';

export const schemaObject = z.record(z.string(), z.json());
export type Schema = z.infer<typeof schemaObject>;
type Json = z.infer<ReturnType<typeof z.json>>;

const DEFINITIONS = '#/definitions/';

export function strictSchema(schema: Schema, refersTo: (name: string) => string): Schema {
  const strict = Object.fromEntries(
    Object.entries(schema)
      .filter(([key]) => key !== 'description' && !key.startsWith('x-') && key !== 'format')
      .map(([key, value]): [string, Json] => [key, strictValue(key, value, refersTo)]),
  );
  if (isIntOrString(schema)) return { type: ['integer', 'string'] };
  const isOpen = schema['x-kubernetes-preserve-unknown-fields'] === true;
  const isClosed = 'properties' in schema && !('additionalProperties' in schema) && !isOpen;
  return isClosed ? { ...strict, additionalProperties: false } : strict;
}

function strictValue(key: string, value: Json, refersTo: (name: string) => string): Json {
  if (key === '$ref' && typeof value === 'string') {
    return refersTo(value.slice(DEFINITIONS.length));
  }
  if (key === 'properties' || key === 'patternProperties') {
    const named = schemaObject.parse(value);
    return Object.fromEntries(
      Object.entries(named).map(([name, one]) => [name, strictValue('items', one, refersTo)]),
    );
  }
  if (Array.isArray(value)) {
    return value.map((one) =>
      typeof one === 'object' && one !== null ? strictValue('items', one, refersTo) : one,
    );
  }
  if (typeof value !== 'object' || value === null) return value;
  return strictSchema(schemaObject.parse(value), refersTo);
}

function isIntOrString(schema: Schema): boolean {
  return schema['x-kubernetes-int-or-string'] === true || schema['format'] === 'int-or-string';
}

/** The definitions that one needs, and those that they need. */
export function definitionsFor(
  all: Readonly<Record<string, Schema>>,
  names: readonly string[],
): string[] {
  const needed = new Set<string>();
  const visit = (name: string): void => {
    if (needed.has(name)) return;
    needed.add(name);
    const text = JSON.stringify(all[name] ?? {});
    for (const [, next] of text.matchAll(/"#\/definitions\/([^"]+)"/g)) visit(next ?? '');
  };
  for (const name of names) visit(name);
  return [...needed].toSorted();
}
