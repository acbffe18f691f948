/** `bank ops rebuild`: the projection made anew beside the live one, and put in its place. */
import {
  GetRebuildResponse,
  rebuildStateToJSON,
  type Rebuild,
} from '#proto/bank/v1/projector_service.ts';
import type { Command } from 'commander';
import { grouped } from './amounts.ts';
import { writeAnswer, type Columns } from './answer-writer.ts';
import { uuidArgument } from './argument-rules.ts';
import { jsonOf } from './contract-json.ts';
import type { BankContext, ContextOf } from './program-context.ts';
import { exactTime, shownName, shownTime } from './shown-values.ts';

const STATE_PREFIX = 'REBUILD_STATE_';
const ID = '3f0e9a54-7b0d-4f0e-8f43-2b8a5f1f9c11';
/** It waits for a moment without writers. */
const SWAP_MS = 60_000;

/** Each method answers the rebuild. */
type Answer = { readonly rebuild?: Rebuild | undefined };

export function addRebuildCommands(ops: Command, contextOf: ContextOf): void {
  const rebuild = ops.command('rebuild').description('The projection, made anew from the events.');
  const show = async (context: BankContext, answer: Answer): Promise<void> => {
    await writeAnswer(context, {
      json: jsonOf('bank.v1.GetRebuildResponse', GetRebuildResponse)({ rebuild: answer.rebuild }),
      rows: answer.rebuild === undefined ? [] : [answer.rebuild],
      columns: REBUILD,
    });
  };
  rebuild
    .command('start')
    .description('Starts one, or goes on with one that was stopped.')
    .addHelpText('after', '\nExample:\n  $ bank ops rebuild start')
    .action(async (_: unknown, command: Command) => {
      const context = contextOf(command);
      await show(context, await context.connect().startRebuild({}, context.calls));
    });
  rebuild
    .command('show')
    .description('Shows the newest: how far it is, and in what it differs.')
    .addHelpText('after', '\nExample:\n  $ bank ops rebuild show')
    .action(async (_: unknown, command: Command) => {
      const context = contextOf(command);
      await show(context, await context.connect().getRebuild({}, context.calls));
    });
  addNamed(rebuild, 'stop', 'Stops one so that it can go on later.', async (context, rebuildId) => {
    await show(context, await context.connect().stopRebuild({ rebuildId }, context.calls));
  });
  addNamed(
    rebuild,
    'swap',
    'Puts one in the place of the live projection.',
    async (context, rebuildId, acceptDifferences) => {
      const calls = { deadlineMs: SWAP_MS, ...context.calls };
      const wanted = { rebuildId, acceptDifferences };
      await show(context, await context.connect().swapRebuild(wanted, calls));
    },
  ).option('--accept-differences', 'though it differs from the live projection');
  addNamed(
    rebuild,
    'drop',
    'Drops its tables, or after a swap those that it replaced.',
    async (context, rebuildId) => {
      await show(context, await context.connect().dropRebuild({ rebuildId }, context.calls));
    },
  );

  function addNamed(
    parent: Command,
    name: string,
    about: string,
    run: (context: BankContext, id: string, acceptDifferences: boolean) => Promise<void>,
  ): Command {
    return parent
      .command(name)
      .description(about)
      .argument('<rebuild>', 'its id, as `bank ops rebuild show` tells it', uuidArgument)
      .addHelpText('after', `\nExample:\n  $ bank ops rebuild ${name} ${ID}`)
      .action(
        async (
          id: string,
          { acceptDifferences = false }: { acceptDifferences?: boolean },
          command: Command,
        ) => await run(contextOf(command), id, acceptDifferences),
      );
  }
}

const REBUILD: Columns<Rebuild> = {
  table: [
    { title: 'rebuild', value: ({ rebuildId }) => rebuildId },
    { title: 'state', value: ({ state }) => shownName(rebuildStateToJSON(state), STATE_PREFIX) },
    { title: 'events', value: (one) => `${grouped(one.events)} of ${grouped(one.eventsTotal)}` },
    { title: 'caught up', value: ({ estimatedCaughtUpAt }) => shownTime(estimatedCaughtUpAt) },
    {
      title: 'differences',
      value: ({ differences }) => (differences ?? 'not compared').toString(),
    },
    { title: 'message', value: ({ message }) => message },
    { title: 'started', value: ({ startedAt }) => shownTime(startedAt) },
  ],
  csv: [
    { title: 'rebuild_id', value: ({ rebuildId }) => rebuildId },
    { title: 'state', value: ({ state }) => rebuildStateToJSON(state) },
    { title: 'events', value: ({ events }) => String(events) },
    { title: 'events_total', value: ({ eventsTotal }) => String(eventsTotal) },
    { title: 'differences', value: ({ differences }) => (differences ?? '').toString() },
    { title: 'started_at', value: ({ startedAt }) => exactTime(startedAt) },
    { title: 'message', value: ({ message }) => message },
  ],
};
