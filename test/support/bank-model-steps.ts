/**
 * What a run does, as plain records: accounts, holds and operations are named by number, amounts by
 * what they are to the account, so that a step means something whatever was left out before it.
 */

/** A count of minor units, or what the account or the hold has at that moment. */
export type Amount =
  | number
  | 'available'
  | 'available + 1'
  | 'balance'
  | 'left'
  | 'left + 1'
  | 'room'
  | 'room + 1'
  | 'most';

export type Saying = {
  /** With an operation id of its own. */
  readonly keyed: boolean;
  readonly version: 'any' | 'right' | 'wrong';
  readonly trial: boolean;
};

export type OneStep = Saying & { readonly account: number } & (
    | { readonly do: 'openAccount'; readonly currency: 'EUR' | 'USD'; readonly limit: number }
    | { readonly do: 'deposit' | 'withdraw'; readonly amount: Amount; readonly foreign: boolean }
    | {
        readonly do: 'transfer';
        readonly to: number;
        readonly amount: Amount;
        readonly foreign: boolean;
      }
    | {
        readonly do: 'placeHold';
        readonly amount: Amount;
        readonly foreign: boolean;
        /** Soon: it is waited for, then it has passed. */
        readonly ends: 'never' | 'far' | 'soon' | 'past';
        /** By the id of the account's newest hold. */
        readonly again: boolean;
      }
    | {
        readonly do: 'captureHold';
        /** 0: the newest of the account's, 1: the one before. */
        readonly hold: number;
        readonly amount: Amount | 'unset';
        readonly foreign: boolean;
        readonly rest: boolean;
      }
    | { readonly do: 'releaseHold'; readonly hold: number }
    | { readonly do: 'setOverdraftLimit'; readonly amount: Amount; readonly foreign: boolean }
    | { readonly do: 'freezeAccount'; readonly debits: boolean; readonly credits: boolean }
    | { readonly do: 'unfreezeAccount'; readonly unsaid: boolean }
    | { readonly do: 'closeAccount'; readonly to: number | 'nowhere' }
    /** 0: the newest operation of the account's, 1: the one before. */
    | { readonly do: 'reverseOperation'; readonly back: number }
  );

/** A command of before, by its operation id; 0: the newest. */
export type AgainStep = {
  readonly do: 'again';
  readonly back: number;
  readonly how: 'the same' | 'other content' | 'other version' | 'trial';
};

export type BatchStep = {
  readonly do: 'batch';
  readonly atomic: boolean;
  readonly steps: readonly (OneStep | AgainStep)[];
};

export type Step =
  | OneStep
  | AgainStep
  | BatchStep
  /** The newest batch once more. */
  | { readonly do: 'batchAgain'; readonly otherMode: boolean }
  | { readonly do: 'getOperation'; readonly account: number; readonly back: number };

/** With the replica that it goes to. */
export type SentStep = { readonly on: 0 | 1; readonly step: Step };
