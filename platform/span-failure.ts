// A span whose work has failed: its status, and of which kind the failure was. What the error says
// may name accounts, so it is told only where details may be. A refusal is no failure.
import { SpanStatusCode, type Span } from '@opentelemetry/api';
import { redact } from './redaction.ts';
import { isFault, kindOfError } from './server-faults.ts';
import { detailsAreShown } from './telemetry-details.ts';

export function failSpan(span: Span, error: unknown): void {
  span.setAttribute('error.type', kindOfError(error));
  if (!isFault(error)) return;
  const message = detailsAreShown() ? { message: redact(String(error)) } : {};
  span.setStatus({ code: SpanStatusCode.ERROR, ...message });
}
