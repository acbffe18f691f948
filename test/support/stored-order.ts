/**
 * The decider run alone over what a ledger has stored, in the order in which it has stored it: what
 * each caller was answered must be what the decider says on a state that stood, no older than the
 * one that its item before was decided on. Pure.
 */
import { evolve, NO_ACCOUNT, type AccountState } from '#domain/account.ts';
import type { Deposit, OpenAccount, Withdraw } from '#domain/commands.ts';
import { decide } from '#domain/decide.ts';
import { NO_FACTS } from '#test/support/commands.ts';

/** Undefined: an item whose amount no command may have. */
export type Asked = { accountId: string; command: OpenAccount | Deposit | Withdraw | undefined };

/** One file: each item's answer in a word, or by which item a batch fell. */
export type Told = {
  asked: readonly Asked[];
  words: readonly string[];
  refused: { index: number; reason: string } | undefined;
};

type Executed = { version: bigint; word: string; content: string };
type Executions = ReadonlyMap<string, Executed>;

const ACCEPTED = /^v(\d+)=\d+$/;

export class StoredOrder {
  /** By version. */
  readonly #states = new Map<string, AccountState[]>();
  readonly #executed = new Map<string, Executed>();

  /** Takes over what was answered as stored; answers what the decider would not have stored. */
  add(files: readonly Told[]): string[] {
    const stored = files
      .flatMap(({ asked, words }) => asked.map((item, n) => ({ ...item, word: words[n] ?? '' })))
      .filter(({ word }) => ACCEPTED.test(word))
      .toSorted((a, b) => Number(versionOf(a.word) - versionOf(b.word)));
    const problems: string[] = [];
    for (const { accountId, command, word } of stored) {
      const states = this.statesOf(accountId);
      const { said, after } = tell(states.at(-1) ?? NO_ACCOUNT, command, this.#executed);
      if (said !== word) problems.push(`${accountId}: answered ${word}, the decider says ${said}`);
      states.push(after);
      note(this.#executed, command, word);
    }
    return problems;
  }

  statesOf(accountId: string): AccountState[] {
    const states = this.#states.get(accountId) ?? [NO_ACCOUNT];
    this.#states.set(accountId, states);
    return states;
  }

  /** `since`: the versions that stood before the file was sent. What no state explains. */
  check({ asked, words, refused }: Told, since: ReadonlyMap<string, number>): string[] {
    if (refused !== undefined) {
      return this.#fallsBy(asked, refused, since) ? [] : [`fell by ${JSON.stringify(refused)}`];
    }
    const at = new Map(since);
    return asked.flatMap(({ accountId, command }, n) => {
      const word = words[n] ?? 'nothing';
      const from = at.get(accountId) ?? 0;
      const version = this.#versionThatSays(word, accountId, command, from);
      if (version === undefined) return [`${n} of ${accountId}: ${word}, from version ${from} on`];
      at.set(accountId, ACCEPTED.test(word) ? version + 1 : version);
      return [];
    });
  }

  /** The first version from there on, on which the command is answered so. */
  #versionThatSays(
    word: string,
    accountId: string,
    command: Asked['command'],
    from: number,
  ): number | undefined {
    const states = this.statesOf(accountId);
    for (let version = from; version < states.length; version++) {
      const state = states[version] ?? NO_ACCOUNT;
      if (tell(state, command, this.#executedUpTo(version)).said === word) return version;
    }
    return undefined;
  }

  /** On some state its items before are accepted in turn, and that one is refused. */
  #fallsBy(
    asked: readonly Asked[],
    { index, reason }: { index: number; reason: string },
    since: ReadonlyMap<string, number>,
  ): boolean {
    const accountId = asked[index]?.accountId ?? '';
    const own = asked.slice(0, index + 1).filter((item) => item.accountId === accountId);
    const states = this.statesOf(accountId);
    for (let version = since.get(accountId) ?? 0; version < states.length; version++) {
      let state = states[version] ?? NO_ACCOUNT;
      const executed = new Map(this.#executedUpTo(version));
      const said = own.map(({ command }) => {
        const told = tell(state, command, executed);
        state = told.after;
        if (ACCEPTED.test(told.said)) note(executed, command, told.said);
        return told.said;
      });
      if (said.at(-1) === reason && said.slice(0, -1).every((word) => word.startsWith('v'))) {
        return true;
      }
    }
    return false;
  }

  #executedUpTo(version: number): Executions {
    return new Map([...this.#executed].filter(([, one]) => one.version <= version));
  }
}

function tell(
  state: AccountState,
  command: Asked['command'],
  executed: Executions,
): { said: string; after: AccountState } {
  if (command === undefined) return { said: 'INVALID_ITEM', after: state };
  const earlier = executed.get(keyOf(command));
  if (command.operationId !== undefined && earlier !== undefined) {
    const isSame = earlier.content === contentOf(command);
    return { said: isSame ? `${earlier.word} replayed` : 'OPERATION_ID_REUSED', after: state };
  }
  const decision = decide(state, command, NO_FACTS);
  if (!decision.accepted) return { said: decision.rejection.reason, after: state };
  const after = decision.events.reduce<AccountState>(evolve, state);
  if (after.status === 'none') throw new Error('nothing happened');
  return { said: `v${after.version}=${after.balanceMinor}`, after };
}

function note(executed: Map<string, Executed>, command: Asked['command'], word: string): void {
  if (command?.operationId === undefined) return;
  executed.set(keyOf(command), { version: versionOf(word), word, content: contentOf(command) });
}

const versionOf = (word: string): bigint => BigInt(ACCEPTED.exec(word)?.[1] ?? 0);

const keyOf = ({ accountId, operationId }: OpenAccount | Deposit | Withdraw): string =>
  `${accountId} ${operationId}`;

function contentOf(command: OpenAccount | Deposit | Withdraw): string {
  return `${command.type} ${'amountMinor' in command ? command.amountMinor : ''}`;
}
