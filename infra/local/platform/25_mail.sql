-- The local mailbox: mails that Auth sends end here, as there is no mail server. Not part of hosted Supabase; run by
-- supabase_admin; safe to run again.

create table if not exists supabase_platform.mails (
  id bigint generated always as identity primary key,
  sent_at timestamptz not null default now(),
  kind text not null,
  recipient text not null,
  subject text not null,
  body text not null,
  link text,
  code text not null
);
create index if not exists mails_recipient_idx on supabase_platform.mails (recipient, id desc);

revoke all on supabase_platform.mails from public;
grant select, insert, delete on supabase_platform.mails to supabase_auth_admin;
