-- Submissions, newest first (ListSubmissions): all of a tenant, and the open ones, which are few
-- among many. Both indexes change when a submission opens or closes, never with a batch. Replicas
-- of before do not know them and need not.

create index submissions_newest on submissions (tenant, created_at, submission_id);
create index submissions_open on submissions (tenant, created_at, submission_id)
  where closed_at is null;
