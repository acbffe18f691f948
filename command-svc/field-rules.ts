/**
 * What a well-formed command looks like, in one place for unary calls and bulk items. A rule
 * answers undefined when it is kept, else what the field must be; a check answers the violations
 * with the path of each field, in the order of the contract. Nothing here throws or waits, and a
 * clean request allocates nothing.
 */
import { isCurrencyCode } from '#platform/currencies.ts';
import { isDate } from '#platform/dates.ts';
import type { FieldViolation } from '#platform/grpc-errors.ts';
import { isUuid } from '#platform/uuid.ts';
import type { OpenAccountRequest } from '#proto/bank/v1/account_command_service.ts';
import type { DepositItem } from '#proto/bank/v1/bulk_service.ts';
import type { Money } from '#proto/bank/v1/money.ts';

export const REFERENCE_CHARACTERS_MAX = 140;
export const OWNER_CHARACTERS_MAX = 140;
export const LABELS_MAX = 16;
export const LABEL_KEY_CHARACTERS_MAX = 63;
export const LABEL_VALUE_CHARACTERS_MAX = 255;

/** The fields that a deposit has alone and in bulk. */
export type DepositFields = Pick<
  DepositItem,
  'accountId' | 'amount' | 'operationId' | 'reference' | 'valueDate'
> & { readonly expectedVersion?: bigint };
export type OpenAccountFields = Omit<OpenAccountRequest, 'validateOnly'>;

export type Violations = readonly FieldViolation[];
export const NONE: Violations = [];

export function checkDeposit(deposit: DepositFields): Violations {
  const found = note(NONE, 'account_id', uuidRule(deposit.accountId));
  return checkDepositAfter(found, deposit);
}

/** All but the account's id, for a caller that has read it. */
export function checkDepositContent(deposit: DepositFields): Violations {
  return checkDepositAfter(NONE, deposit);
}

function checkDepositAfter(before: Violations, deposit: DepositFields): Violations {
  let found = checkAmount(before, deposit.amount);
  found = note(found, 'operation_id', optionalUuidRule(deposit.operationId));
  found = checkReference(found, deposit.reference);
  found = note(found, 'value_date', dateRule(deposit.valueDate));
  return deposit.expectedVersion === undefined
    ? found
    : note(found, 'expected_version', versionRule(deposit.expectedVersion));
}

export function checkOpenAccount(account: OpenAccountFields): Violations {
  let found = note(NONE, 'account_id', optionalUuidRule(account.accountId));
  found = note(found, 'currency_code', currencyRule(account.currencyCode));
  found = note(found, 'owner', textRule(account.owner, 0, OWNER_CHARACTERS_MAX));
  found = checkOverdraftLimit(found, account);
  found = checkLabels(found, account.labels);
  return note(found, 'operation_id', optionalUuidRule(account.operationId));
}

/** The two ids that name an operation. */
export function checkOperationKey(key: { accountId: string; operationId: string }): Violations {
  const found = note(NONE, 'account_id', uuidRule(key.accountId));
  return note(found, 'operation_id', uuidRule(key.operationId));
}

export function checkSubmissionId(submissionId: string): Violations {
  return note(NONE, 'submission_id', submissionIdRule(submissionId));
}

export function note(found: Violations, field: string, rule: string | undefined): Violations {
  return rule === undefined ? found : [...found, { field, description: rule }];
}

export function checkAmount(found: Violations, amount: Money | undefined): Violations {
  if (amount === undefined) return note(found, 'amount', 'is required');
  const rule = amount.minorUnits > 0n ? undefined : 'must be above 0';
  const withCode = note(found, 'amount.currency_code', currencyRule(amount.currencyCode));
  return note(withCode, 'amount.minor_units', rule);
}

function checkOverdraftLimit(found: Violations, account: OpenAccountFields): Violations {
  const { overdraftLimit, currencyCode } = account;
  if (overdraftLimit === undefined) return found;
  const code = overdraftLimit.currencyCode;
  const codeRule = code === currencyCode ? undefined : "must be the account's currency_code";
  const rule = overdraftLimit.minorUnits >= 0n ? undefined : 'must be 0 or more';
  const withCode = note(found, 'overdraft_limit.currency_code', codeRule);
  return note(withCode, 'overdraft_limit.minor_units', rule);
}

function checkLabels(found: Violations, labels: Readonly<Record<string, string>>): Violations {
  const entries = Object.entries(labels);
  if (entries.length > LABELS_MAX) {
    return note(found, 'labels', `must be ${LABELS_MAX} or fewer`);
  }
  let all = found;
  for (const [key, value] of entries) {
    const isReserved = key === '__proto__'; // whoever reads it into a plain object loses it
    const lengthRule = textRule(key, 1, LABEL_KEY_CHARACTERS_MAX);
    const keyRule = isReserved ? 'must not be __proto__' : lengthRule;
    all = note(all, 'labels', keyRule === undefined ? undefined : `a key ${keyRule}`);
    const valueRule = textRule(value, 0, LABEL_VALUE_CHARACTERS_MAX);
    all = note(all, 'labels', valueRule === undefined ? undefined : `a value ${valueRule}`);
  }
  return all;
}

export function checkReference(found: Violations, reference: string): Violations {
  return note(found, 'reference', textRule(reference, 0, REFERENCE_CHARACTERS_MAX));
}

export function versionRule(version: bigint): string | undefined {
  return version < 0n ? 'must be 0 or more' : undefined;
}

export function uuidRule(text: string): string | undefined {
  if (isUuid(text)) return undefined;
  return text === '' ? 'is required' : 'must be a UUID: 8-4-4-4-12 hexadecimal digits';
}

export function optionalUuidRule(text: string): string | undefined {
  return text === '' ? undefined : uuidRule(text);
}

export function currencyRule(code: string): string | undefined {
  if (isCurrencyCode(code)) return undefined;
  return code === '' ? 'is required' : 'must be an ISO 4217 code in capitals, such as EUR';
}

/** Characters are Unicode code points: a UTF-16 length within the limit needs no counting. */
export function textRule(text: string, min: number, max: number): string | undefined {
  if (text.length < min) return 'must not be empty';
  if (text.length > max && (text.length > 2 * max || [...text].length > max)) {
    return `must have ${max} characters or fewer`;
  }
  return text.includes('\0') ? 'must not contain U+0000' : undefined;
}

/** Of a text by which people know somebody: blanks alone name nobody. */
export function nameRule(text: string, max: number): string | undefined {
  return text.trim() === '' ? 'must not be empty' : textRule(text, 1, max);
}

const DATE_RULE = 'must be a date that exists, written YYYY-MM-DD';

export function dateRule(text: string): string | undefined {
  return text === '' || isDate(text) ? undefined : DATE_RULE;
}

const SUBMISSION_ID = /^[A-Za-z0-9._-]{1,128}$/;

function submissionIdRule(text: string): string | undefined {
  if (SUBMISSION_ID.test(text)) return undefined;
  return text === '' ? 'is required' : 'must be 1 to 128 of A-Z a-z 0-9 . _ -';
}
