// Reads a service's settings from the environment, once, at its start. A service's config.ts builds
// a zod object of the field builders below; parseEnv answers the typed settings or throws a
// ConfigError that names every wrong variable, its value and the rule. Passwords never appear in a
// message.
import { z } from 'zod';

export type Address = { host: string; port: number };

/**
 * The environment does not hold what a service needs; the message is meant for the person who
 * starts it.
 */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** Parses the settings. An empty variable counts as one that is not set. */
export function parseEnv<T>(schema: z.ZodType<T>, env: NodeJS.ProcessEnv): T {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  const lines = result.error.issues.map((issue) => {
    const name = issue.path.join('.') || '(settings)';
    return `${name}=${shown(name, given[name])}: ${issue.message}`;
  });
  throw new ConfigError(`The environment is not valid. ${lines.join('; ')}`);
}

/** A whole number within bounds. Without a default the variable must be set. */
export function envInt(rule: { min: number; max: number; default?: number }) {
  const expected = `must be a whole number from ${rule.min} to ${rule.max}`;
  return z
    .string()
    .optional()
    .transform((text, ctx): number => {
      if (text === undefined && rule.default !== undefined) return rule.default;
      const value = text !== undefined && /^-?\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
      if (value >= rule.min && value <= rule.max) return value;
      ctx.addIssue({ code: 'custom', message: expected });
      return z.NEVER;
    });
}

/** A text of at least one character. Without a default the variable must be set. */
export function envText(defaultText?: string) {
  return z
    .string()
    .optional()
    .transform((text, ctx): string => {
      const value = text ?? defaultText;
      if (value !== undefined) return value;
      ctx.addIssue({ code: 'custom', message: 'must be set' });
      return z.NEVER;
    });
}

/** A list of texts, divided by commas; at least one. */
export function envList(defaultList?: readonly string[]) {
  return z
    .string()
    .optional()
    .transform((text, ctx): string[] => {
      const given = text
        ?.split(',')
        .map((part) => part.trim())
        .filter((part) => part !== '');
      const list = given ?? defaultList?.slice() ?? [];
      if (list.length > 0) return list;
      ctx.addIssue({ code: 'custom', message: 'must be a list of one or more, divided by commas' });
      return z.NEVER;
    });
}

/** host:port, [v6]:port; port 0 means any that is free. */
export function envAddress(defaultAddress?: string) {
  return z
    .string()
    .optional()
    .transform((text, ctx): Address => {
      const address = parseAddress(text ?? defaultAddress ?? '');
      if (address !== undefined) return address;
      ctx.addIssue({ code: 'custom', message: 'must be host:port with a port from 0 to 65535' });
      return z.NEVER;
    });
}

export function parseAddress(text: string): Address | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  return host !== undefined && port <= 65535 ? { host, port } : undefined;
}

function shown(name: string, value: string | undefined): string {
  if (value === undefined) return '(not set)';
  if (/PASSWORD|SECRET|TOKEN|KEY/i.test(name)) return '(hidden)';
  return JSON.stringify(value.replace(/\/\/[^/]*@/g, '//(hidden)@'));
}
