// Log lines that belong to a trace say so: trace_id and span_id, by the names that log collectors
// know. The text is the W3C traceparent that the call, the batch or the record carries anyway, so
// that it works without an exporter too.
import type { Logger } from './logger.ts';
import { parseTraceparent } from './traceparent.ts';

export type TraceFields = { readonly trace_id?: string; readonly span_id?: string };

/** Nothing, when the text is missing or malformed. */
export function traceFields(traceparent: string | undefined): TraceFields {
  const parsed = parseTraceparent(traceparent);
  return parsed === undefined ? {} : { trace_id: parsed.traceId, span_id: parsed.spanId };
}

/** The same log, with the trace on each line; it costs nothing until a line is written. */
export function tracedLog(log: Logger, traceparent: string | undefined): Logger {
  if (traceparent === undefined) return log;
  const traced = (data: Record<string, unknown> = {}): Record<string, unknown> => ({
    ...traceFields(traceparent),
    ...data,
  });
  return {
    error: (message, data) => log.error(message, traced(data)),
    warn: (message, data) => log.warn(message, traced(data)),
    info: (message, data) => log.info(message, traced(data)),
    debug: (message, data) => log.debug(message, traced(data)),
    child: (data) => tracedLog(log.child(data), traceparent),
  };
}
