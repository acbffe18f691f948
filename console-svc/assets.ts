/**
 * The files that pages load: style, script, icon. Read once, at the start; their addresses carry a
 * digest of their content, so browsers keep them for good and never show an old one.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Reply } from './replies.ts';

const TYPES = {
  'console.css': 'text/css; charset=utf-8',
  'live.js': 'text/javascript; charset=utf-8',
  'icon.svg': 'image/svg+xml',
} as const;
type Name = keyof typeof TYPES;

const DIGEST_CHARACTERS = 12;
const NAMES: readonly Name[] = ['console.css', 'live.js', 'icon.svg'];
const FILES = new Map(NAMES.map((name) => [name, readAsset(name)]));

export function assetPath(name: Name): string {
  return `/assets/${FILES.get(name)?.digest ?? ''}/${name}`;
}

/** undefined: there is no such file. */
export function assetReply(path: string): Reply | undefined {
  const name = NAMES.find((one) => assetPath(one) === path);
  const file = name === undefined ? undefined : FILES.get(name);
  if (name === undefined || file === undefined) return undefined;
  const cache = 'public, max-age=31536000, immutable';
  const headers = { 'content-type': TYPES[name], 'cache-control': cache };
  return { status: 200, headers, body: file.body };
}

function readAsset(name: Name): { body: Buffer; digest: string } {
  const body = readFileSync(new URL(`assets/${name}`, import.meta.url));
  const digest = createHash('sha256').update(body).digest('hex').slice(0, DIGEST_CHARACTERS);
  return { body, digest };
}
