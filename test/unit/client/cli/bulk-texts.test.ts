/** Texts of a file, and of refusals that repeat them, never steer the terminal that shows them. */
import { Writable } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import { openOutcomes } from '#client/cli/bulk-outcomes.ts';
import { writeReport } from '#client/cli/bulk-report.ts';
import type { CommandContext } from '#client/cli/command-context.ts';
import { createGrpcServer, unimplemented } from '#platform/grpc-server.ts';
import { silentLogger } from '#platform/logger.ts';
import { unary } from '#platform/unary.ts';
import { BulkServiceService, ListRejectionsResponse } from '#proto/bank/v1/bulk_service.ts';
import { runCli } from '#test/support/bank-cli.ts';

const STEERING = '\u001b]0;mine\u0007';
const SHOWN = '?]0;mine?';

function captured() {
  const said = { text: '' };
  const stdout = new Writable({
    write: (chunk: Buffer, _, done) => {
      said.text += chunk.toString();
      done();
    },
  });
  const { signal } = new AbortController();
  const connect = (): never => {
    throw new Error('nothing is asked');
  };
  const output = 'table' as const;
  const { stdin, stderr } = process;
  const context: CommandContext = { output, stdout, stdin, stderr, signal, connect };
  return { said, context };
}

test('of a dry run', async () => {
  const { said, context } = captured();
  const outcomes = openOutcomes(context);
  const line = { line: 2, accountId: STEERING, amount: '', reason: 'NO' };
  await outcomes.write({ ...line, message: `amount "${STEERING}"` });
  expect(said.text).toContain(`NO: amount "${SHOWN}"`);
  expect(said.text).not.toContain('\u001b');
});

test('of a report', () => {
  const { said, context } = captured();
  writeReport({ rejects_file: STEERING }, context);
  expect(said.text).toBe(`rejects file  ${SHOWN}\n`);
});

test('of refused items', async () => {
  const { server, serve, drain } = createGrpcServer({ log: silentLogger });
  const rejections = [{ itemIndex: 1n, accountId: STEERING, reason: 'NO', message: STEERING }];
  const bulk = {
    listRejections: unary(silentLogger, () =>
      Promise.resolve(ListRejectionsResponse.fromPartial({ rejections })),
    ),
  };
  server.addService(BulkServiceService, unimplemented(BulkServiceService, bulk));
  const address = await serve({ host: '127.0.0.1', port: 0 });
  onTestFinished(() => drain(500));
  const args = ['submission', 's', '--rejections', '--command-address', address];
  const { stdout, exitCode } = await runCli(args);
  expect(exitCode).toBe(0);
  expect(stdout).toContain(`NO: ${SHOWN}\n`);
  expect(stdout).not.toContain('\u001b');
});
