-- For ListAccounts of one tenant. Deposits do not change the column, so that their updates stay
-- HOT.

create index balances_tenant on balances (tenant collate "C", account_id) where tenant <> '';
