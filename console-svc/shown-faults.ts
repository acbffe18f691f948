/**
 * A part of a page whose call was not answered: what is wrong in a sentence, in the part's place.
 * The rest of the page stays. Of what the services did not say themselves only the code is shown.
 */
import { status } from '@grpc/grpc-js';
import type { CallFault } from '#client/call-fault.ts';
import { html, type Html } from './html.ts';

/** `what`: what is missing, for people: "Bulk mode". */
export function faultBox(what: string, fault: CallFault): Html {
  const kind = fault.code === status.PERMISSION_DENIED ? 'refused' : 'fault';
  return html`<p class="box ${kind}">${what}: ${faultText(fault)}</p>`;
}

export function faultText({ code, reason, message, retryAfterMs }: CallFault): string {
  if (reason !== '') {
    const again = retryAfterMs === undefined ? '' : ' It is asked again.';
    return `${verdict(code)} (${reason}): ${message}.${again}`;
  }
  if (code === status.INVALID_ARGUMENT) return `not valid: ${message}.`;
  return `${verdict(code)} (${status[code]}).`;
}

const VERDICTS = new Map<status, string>([
  [status.PERMISSION_DENIED, 'refused'],
  [status.UNAVAILABLE, 'the service does not answer'],
  [status.DEADLINE_EXCEEDED, 'the service does not answer'],
  [status.NOT_FOUND, 'not there'],
  [status.UNAUTHENTICATED, 'not let in'],
]);

function verdict(code: status): string {
  return VERDICTS.get(code) ?? 'not answered';
}
