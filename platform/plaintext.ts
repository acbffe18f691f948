/**
 * Plaintext stays on this machine. A service that would listen, or talk to a part of the bank, on
 * another host without TLS does not start: the error names the variable and what to set. Who has
 * another protection there (a service mesh that encrypts) says so by BANK_PLAINTEXT=allowed.
 */
import { z } from 'zod';
import { isLoopback } from './loopback.ts';

export const PLAINTEXT_ENV = {
  BANK_PLAINTEXT: z.enum(['refused', 'allowed']).default('refused'),
};

type PlaintextEnv = { BANK_PLAINTEXT: 'refused' | 'allowed' };

export type PlaintextWay = {
  readonly variable: string;
  /** Those that are spoken to, or listened on, without TLS. */
  readonly hosts: readonly string[];
  /** How it becomes TLS: "set BANK_TLS_CERT_FILE and BANK_TLS_KEY_FILE". */
  readonly remedy: string;
};

/** One problem for each variable that names such a host. */
export function refusePlaintext(
  env: PlaintextEnv,
  ways: readonly PlaintextWay[],
  ctx: Pick<z.RefinementCtx, 'addIssue'>,
): void {
  if (env.BANK_PLAINTEXT === 'allowed') return;
  for (const { variable, hosts, remedy } of ways) {
    const exposed = hosts.find((host) => !isLoopback(host));
    if (exposed === undefined) continue;
    const message =
      `plaintext is for this machine only, and ${exposed} is not: ${remedy}, ` +
      'or BANK_PLAINTEXT=allowed where something else encrypts';
    ctx.addIssue({ code: 'custom', path: [variable], message });
  }
}
