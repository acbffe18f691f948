/**
 * The one-off job of compose.yaml that makes who may call: an issuer's public key for the services
 * and the operator's token for 90 days, in the folder that its argument names. What is there from
 * an earlier start stays, so that a token goes on counting; to make them anew, remove the volume.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { errorText } from '../error-text.ts';
import { issueTokens } from '../local/secure-tokens.ts';

const [folder] = process.argv.slice(2);
const LAST_MADE = 'operator.token';

try {
  if (folder === undefined) throw new Error('usage: make-keys.ts <folder>');
  const inside = (name: string): string => join(folder, name);
  const areThere = existsSync(inside(LAST_MADE));
  if (!areThere) await issueTokens(inside);
  process.stdout.write(areThere ? 'the keys are there\n' : 'the keys are made\n');
} catch (error) {
  console.error(errorText(error));
  process.exitCode = 1;
}
