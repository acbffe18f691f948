/** What is kept of a failed task's trace. */
import { expect, test } from 'vitest';
import { reasonFirst } from '../../../projector-svc/connect-client.ts';

const TRACE = `org.apache.kafka.connect.errors.ConnectException: An exception occurred
\tat io.debezium.pipeline.ErrorHandler.setProducerThrowable(ErrorHandler.java:67)
Caused by: java.lang.RuntimeException: first
\tat some.Place.method(Place.java:1)
Caused by: org.postgresql.util.PSQLException: publication "bank_outbox" does not exist
\t... 7 more`;

test('a trace begins with its last cause, which says why', () => {
  const [reason, first] = reasonFirst(TRACE).split('\n');
  expect(reason).toBe(
    'org.postgresql.util.PSQLException: publication "bank_outbox" does not exist',
  );
  expect(first).toBe('org.apache.kafka.connect.errors.ConnectException: An exception occurred');
});

test('one without a cause is as it is', () => {
  expect(reasonFirst('no offset')).toBe('no offset');
  expect(reasonFirst('')).toBe('');
});
