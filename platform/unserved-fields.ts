// A field of a request whose behaviour is not built yet must not be ignored in silence: when a
// caller sets one, the call is refused with UNIMPLEMENTED and the field's name. Each handler states
// the fields that it serves, as paths of proto names ('account_id', 'options.leave_open'; 'options'
// alone serves all that is in it).
import { status } from '@grpc/grpc-js';
import { RpcError } from './grpc-errors.ts';

/**
 * empty, the request with nothing set, tells an optional field that is set to its zero from one not
 * set.
 */
export function refuseUnservedFields(
  request: object,
  served: readonly string[],
  empty: object = {},
): void {
  const field = firstUnserved(request, served, empty, '');
  if (field === undefined) return;
  throw new RpcError(status.UNIMPLEMENTED, `the field ${field} is not served yet`, {
    violations: [{ field, description: 'is not served yet; leave it out' }],
  });
}

function firstUnserved(
  message: object,
  served: readonly string[],
  empty: object,
  prefix: string,
): string | undefined {
  const zero = new Map<string, unknown>(Object.entries(empty));
  for (const [key, value] of new Map<string, unknown>(Object.entries(message))) {
    if (!isSet(value, zero.has(key) && zero.get(key) === undefined)) continue;
    const choice = oneofOf(value);
    const path = prefix + snakeCase(choice?.name ?? key);
    if (served.includes(path)) continue;
    const inner = choice === undefined ? value : choice.value;
    if (!served.some((name) => name.startsWith(`${path}.`)) || !isMessage(inner)) return path;
    const unserved = firstUnserved(inner, served, {}, `${path}.`);
    if (unserved !== undefined) return unserved;
  }
  return undefined;
}

function isSet(value: unknown, optional: boolean): boolean {
  if (value === undefined || value === null) return false;
  if (optional) return true;
  if (Array.isArray(value) || value instanceof Uint8Array) return value.length > 0;
  if (value instanceof Map) return value.size > 0;
  if (value instanceof Date) return true;
  if (typeof value === 'object') return '$case' in value || Object.keys(value).length > 0;
  return Boolean(value);
}

/** ts-proto writes a oneof as {$case: 'name', value}. */
function oneofOf(value: unknown): { name: string; value: unknown } | undefined {
  if (typeof value !== 'object' || value === null || !('$case' in value)) return undefined;
  return { name: String(value.$case), value: 'value' in value ? value.value : undefined };
}

function isMessage(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
