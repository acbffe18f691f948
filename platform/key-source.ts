/**
 * Reads a set of public keys (JWKS) from its file or its address, once: bounded in time and bytes,
 * no redirects, TLS 1.3, by an authority of one's own where the address says so (`ca_file`). Only
 * public keys are taken: a set with a private or a shared key is refused whole, for somebody has
 * published a secret.
 */
import { open } from 'node:fs/promises';
import type { JSONWebKeySet } from 'jose';
import { Agent, fetch, type Response } from 'undici';
import { z } from 'zod';
import { takeTlsFiles } from './address-url.ts';

export const KEY_SET_BYTES_MAX = 256 * 1024;
export const KEYS_MAX = 100;

/** The keys cannot be read; the message is for the log. */
export class KeySetError extends Error {
  override readonly name = 'KeySetError';
}

const TYPES = new Set(['OKP', 'EC', 'RSA']);
const KEY = z
  .looseObject({ kty: z.string() })
  .refine((key) => key.kty !== 'oct' && !('d' in key), 'must be a public key');
/** Keys of types that we do not know are passed over, as RFC 7517 has it. */
const KEY_SET = z
  .object({ keys: z.array(KEY).max(KEYS_MAX) })
  .transform(({ keys }) => ({ keys: keys.filter((key) => TYPES.has(key.kty)) }))
  .refine(({ keys }) => keys.length > 0, 'must have a key of a type that is known');

export async function readKeySet(source: string, timeoutMs: number): Promise<JSONWebKeySet> {
  try {
    const text = isAddress(source) ? await fetchText(source, timeoutMs) : await fileText(source);
    return KEY_SET.parse(JSON.parse(text));
  } catch (cause) {
    if (cause instanceof KeySetError) throw cause;
    // What was read is not repeated: it may be a secret.
    const why = cause instanceof z.ZodError ? ruleOf(cause) : messageOf(cause);
    throw new KeySetError(`the key set cannot be read: ${why}`);
  }
}

function isAddress(source: string): boolean {
  return /^https?:\/\//i.test(source);
}

async function fetchText(address: string, timeoutMs: number): Promise<string> {
  const url = new URL(address);
  const agent = new Agent({ connect: { ...takeTlsFiles(url) } });
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    return await textOf(await fetch(url, { signal, redirect: 'error', dispatcher: agent }));
  } finally {
    await agent.destroy();
  }
}

async function textOf(response: Response): Promise<string> {
  if (!response.ok) throw new KeySetError(`the key set's server answers ${response.status}`);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    const piece: unknown = chunk;
    if (!(piece instanceof Uint8Array)) throw new KeySetError('the key set is no bytes');
    bytes += piece.length;
    if (bytes > KEY_SET_BYTES_MAX) throw tooLong();
    chunks.push(piece);
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function fileText(path: string): Promise<string> {
  const file = await open(path);
  try {
    const buffer = Buffer.alloc(KEY_SET_BYTES_MAX + 1);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
    if (bytesRead > KEY_SET_BYTES_MAX) throw tooLong();
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}

function tooLong(): KeySetError {
  return new KeySetError(`the key set has more than ${KEY_SET_BYTES_MAX} bytes`);
}

function ruleOf(error: z.ZodError): string {
  const [first] = error.issues;
  return first === undefined ? 'it is no JWKS' : `${first.path.join('.')}: ${first.message}`;
}

function messageOf(error: unknown): string {
  if (error instanceof SyntaxError) return 'it is no JSON';
  if (!(error instanceof Error)) return 'unknown';
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
