/** What `bank bulk --help` says behind its options. */
export const BULK_HELP = `
Columns of deposits: account_id, amount, currency, and maybe operation_id, reference, value_date.
Columns of accounts: account_id, currency, and maybe owner, overdraft_limit, operation_id,
label.NAME. An amount is 1234.50, with its currency beside it or behind it ("12.50 EUR"). NDJSON has
the same names (and labels as an object); its amounts are texts, as a JSON number loses digits.

The same file is the same submission: after Ctrl-C, a crash or a lost line the same command goes on,
and what is stored is not stored twice. Lines that cannot be read, and items that the bank refuses,
are in FILE.rejects.csv (or .ndjson) with the reason; corrected, send that file as it is.

Exit codes:
  0  all is stored, and can be read
  1  the bank refused the run, or its totals are not those of --expect-...
  2  the options or the file cannot be understood; nothing was sent
  3  all is stored, and some lines were refused: see the rejects file
  4  the bank could not be reached for too long: the same command goes on
  130  Ctrl-C: the same command goes on

Examples:
  $ bank bulk payroll.csv
  $ bank bulk payroll.csv --dry-run --output csv > outcomes.csv
  $ bank bulk gehaelter.csv --delimiter ';' --decimal-comma --encoding windows-1252 \\
    --currency EUR --map account_id=Konto,amount=Betrag,reference=Zweck
  $ bank bulk payroll.ndjson.zst --expect-items 1000000 --expect-total "2500000.00 EUR"
  $ psql -c "copy (...) to stdout csv header" |
    bank bulk - --format csv --submission 2026-11-payroll
  $ bank bulk accounts.csv --kind accounts
  $ bank bulk payroll.rejects.csv
`;
