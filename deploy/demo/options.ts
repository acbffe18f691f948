/**
 * The demo's command line. Everything has a default; `npm run demo -- --help` prints this list.
 */
import { Command, InvalidArgumentError } from 'commander';

export type DemoOptions = {
  /** A payroll of the user's own. */
  readonly file?: string;
  readonly accounts?: string;
  readonly submission?: string;
  readonly deposits: number;
  readonly accountCount: number;
  readonly seed: number;
  readonly messageItems: number;
  readonly beforeReport?: string;
  readonly idleLatency: number;
  readonly stay: boolean;
  readonly secure: boolean;
};

const DEPOSITS_MAX = 100_000_000;
const ACCOUNTS_MAX = 10_000_000;
const MESSAGE_ITEMS_MAX = 5_000;
const SEED_MAX = 2 ** 32 - 1;
const IDLE_DEPOSITS_MAX = 100_000;

const DESCRIPTION = `Starts the whole mesh, streams a payroll through it, and proves that file,
event store and projection agree to the cent. Exit code 1 when they do not.`;
const FILE = `a payroll of your own instead of a generated one, with the header
account_id,amount,currency and maybe operation_id,reference,value_date`;
const ACCOUNTS = `the accounts to open first, with the header account_id,currency and maybe owner;
default with --file: every well-formed account of the payroll, in the currency of its first line`;
const IDLE_LATENCY = 'also measure so many single deposits at idle';
const SECURE = 'with TLS, certificates and passwords everywhere, made for it';
const BEFORE_REPORT = `a shell command to run when all is visible and nothing is compared yet;
it finds the databases in BANK_ADMIN_EVENT_STORE_URL and BANK_ADMIN_PROJECTION_STORE_URL`;

export function parseOptions(argv: readonly string[]): DemoOptions {
  return new Command('npm run demo --')
    .description(DESCRIPTION)
    .option('--file <csv>', FILE)
    .option('--accounts <csv>', ACCOUNTS)
    .option('--submission <id>', "default: <file name>-<first 16 hex of the file's SHA-256>")
    .option('--deposits <n>', 'lines of the generated payroll', whole(1, DEPOSITS_MAX), 100_000)
    .option('--account-count <n>', 'accounts to generate', whole(1, ACCOUNTS_MAX), 1_000)
    .option('--seed <n>', 'of the generated payroll', whole(0, SEED_MAX), 1)
    .option('--message-items <n>', 'items a message', whole(1, MESSAGE_ITEMS_MAX), 2_000)
    .option('--idle-latency <n>', IDLE_LATENCY, whole(0, IDLE_DEPOSITS_MAX), 0)
    .option('--before-report <command>', BEFORE_REPORT)
    .option('--secure', SECURE, false)
    .option('--stay', 'keep the mesh up after the report, until Ctrl-C', false)
    .parse(argv)
    .opts<DemoOptions>();
}

function whole(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,12}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`must be a whole number from ${min} to ${max}`);
  };
}
