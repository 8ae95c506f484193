"""A project that has an application in `public`: Rivulet comes to live beside it, and leaves it as it is."""

from collections.abc import Iterator

import psycopg
import pytest

from infra.local.database import MigrationError, migrate
from infra.local.state import CHECKOUT
from tests.databases import MIGRATIONS, Database
from tests.integration.engine import Engine, Row
from tests.integration.watched import Watched, work

# Everything of it has `shop` in its name. What its owner gave away stays given, what was taken back stays taken.
SHOP = """
    create table public.shop_orders (
        id bigint generated always as identity primary key,
        buyer uuid not null,
        total integer constraint shop_total_positive check (total > 0)
    );
    create index shop_orders_by_buyer on public.shop_orders (buyer);
    alter table public.shop_orders enable row level security;
    revoke all on public.shop_orders from anon;
    grant select (id) on public.shop_orders to anon;
    create policy "shop: own orders" on public.shop_orders for select to authenticated using (buyer = auth.uid());
    create view public.shop_sums as select buyer, sum(total) from public.shop_orders group by buyer;
    create function public.shop_tax_v2(total integer) returns integer language sql as 'select total / 5';
    create function public.shop_check() returns trigger language plpgsql as 'begin return new; end';
    revoke execute on function public.shop_check() from public, anon;
    create trigger shop_check before insert on public.shop_orders for each row execute function public.shop_check();
    create publication shop_feed for table public.shop_orders;
    alter publication supabase_realtime add table public.shop_orders;
    insert into storage.buckets (id, name, public) values ('shop_pictures', 'shop_pictures', true);
    create policy "shop: pictures" on storage.objects for select to anon using (bucket_id = 'shop_pictures');
"""
APPLICATION = """
    select 'relation', c::text from pg_class c where relname ~ '^shop' and relkind <> 'i'
    union all select 'column', a::text from pg_attribute a where attrelid::regclass::text ~ '^shop'
    union all select 'function', p::text from pg_proc p where proname ~ '^shop'
    union all select 'policy', p::text from pg_policies p where policyname ~ '^shop' or tablename ~ '^shop'
    union all select 'trigger', pg_get_triggerdef(oid) from pg_trigger where tgrelid::regclass::text ~ '^shop'
    union all select 'index', pg_get_indexdef(indexrelid) from pg_index where indexrelid::regclass::text ~ '^shop'
    union all select 'constraint', pg_get_constraintdef(oid) from pg_constraint where conrelid::regclass::text ~ '^shop'
    union all select 'publication', p::text from pg_publication_tables p where tablename ~ '^shop'
    union all select 'bucket', b::text from storage.buckets b where id ~ '^shop'
"""


@pytest.fixture
def shop(platform_database: Database) -> Iterator[Engine]:
    """A project with somebody's application and nothing of ours, as its owner."""
    made = Engine(platform_database.owner_dsn)
    made.all(SHOP)
    yield made
    made.close()


def test_an_application_stays_as_it_is(shop: Engine) -> None:
    before = sorted(shop.all(APPLICATION))
    assert len({kind for kind, _ in before}) == 9

    migrate(shop.dsn, MIGRATIONS)

    assert sorted(shop.all(APPLICATION)) == before


# What its owner may do with it at any time: each was told as a fault once the doctor knew how it had been.
CHANGES = """
    alter policy "shop: own orders" on public.shop_orders using (true);
    create policy "shop: clerks" on public.shop_orders for update to authenticated using (true);
    drop policy "shop: pictures" on storage.objects;
    revoke select (id) on public.shop_orders from anon;
    grant select (total) on public.shop_orders to anon;
    revoke select on public.shop_sums from authenticated;
    revoke usage on sequence public.shop_orders_id_seq from anon;
    alter table public.shop_orders drop constraint shop_total_positive;
    drop index public.shop_orders_by_buyer;
    revoke execute on function public.shop_tax_v2(integer) from public;
    create or replace function public.shop_check() returns trigger language plpgsql as 'begin return null; end';
    drop trigger shop_check on public.shop_orders;
    alter publication supabase_realtime drop table public.shop_orders;
    revoke all on public.shop_orders from authenticated;
    alter table public.shop_orders disable row level security;
    revoke all on public.shop_orders from anon;
    drop function public.shop_tax_v2(integer);
"""


def test_the_doctor_has_nothing_to_say_about_it(shop: Engine) -> None:
    migrate(shop.dsn, MIGRATIONS)
    assert told(shop) == ([], [])

    shop.all(CHANGES)

    assert told(shop) == ([], [])


def told(project: Engine) -> tuple[list[Row], list[str]]:
    """What is not as it was left, and what is open to everybody."""
    found = project.one("select public.inspect_project_v1()")
    return found["differences"], found["exposed"]


def test_a_watch_that_an_upgrade_finds_may_end(engine: Engine) -> None:
    engine.all("create table public.shop_notes (id integer primary key, body text)")
    engine.all("alter table public.shop_notes enable row level security")
    watched = Watched(engine, "public.shop_notes", "id", ["body"]).caught_up()
    engine.all("select rivulet.note_expected()")  # as every later migration does

    engine.all("select rivulet.unwatch(%s)", watched.id)
    work(engine)

    assert watched.triggers() == []
    assert told(engine) == ([], [])


# What takes a name of ours, and how it is named.
TAKEN = {
    "create table public.documents (id integer)": "public.documents",
    "create view public.messages as select 1 as id": "public.messages",
    "create index feedback on public.shop_orders (total)": "public.feedback",
    "create type public.citations as enum ('a')": "public.citations",
    "create type public.library_role as enum ('reader')": "public.library_role",
    "create function public.search_passages(wanted text) returns text language sql as 'select 1::text'": (
        "public.search_passages(wanted text)"
    ),
    'create policy "members read files" on storage.objects for select using (true)': (
        'policy "members read files" on storage.objects'
    ),
    "insert into storage.buckets (id, name) values ('documents', 'documents')": "bucket documents",
}


@pytest.mark.parametrize("taking", [*([each] for each in TAKEN), list(TAKEN)], ids=[*TAKEN.values(), "all at once"])
def test_names_that_are_taken_are_told_before_anything_is_made(shop: Engine, taking: list[str]) -> None:
    for statement in taking:
        shop.all(statement)

    with pytest.raises(MigrationError) as refused:
        migrate(shop.dsn, MIGRATIONS)

    taken = ", ".join(sorted(TAKEN[statement] for statement in taking))
    assert f"names that are taken in this project: {taken}. Nothing was made." in str(refused.value)
    assert "alter table … set schema" in str(refused.value)
    assert shop.one("select to_regnamespace('rivulet')") is None


def test_a_publication_of_all_tables_is_told_before_anything_is_made(platform_database: Database) -> None:
    with psycopg.connect(platform_database.admin_dsn, autocommit=True) as admin:
        admin.execute("drop publication supabase_realtime")
        admin.execute("create publication supabase_realtime for all tables")

        with pytest.raises(MigrationError, match="for all tables"):
            migrate(platform_database.owner_dsn, MIGRATIONS)

        assert admin.execute("select to_regnamespace('rivulet')").fetchone() == (None,)


NAMED = {
    "select unnest(rivulet.own_tables())": "select tablename::text from pg_tables where schemaname = 'public'",
    "select unnest(rivulet.own_functions())": (
        "select distinct proname::text from pg_proc where pronamespace = 'public'::regnamespace"
    ),
    "select unnest(rivulet.own_policies())": "select policyname::text from pg_policies where schemaname <> 'public'",
}


@pytest.mark.parametrize("named", NAMED)
def test_all_that_is_ours_is_named(engine: Engine, platform_database: Database, named: str) -> None:
    """What a new project has besides that of Supabase, each once."""
    new = Engine(platform_database.owner_dsn)
    others = new.all(NAMED[named])
    new.close()

    assert sorted(engine.all(named)) == sorted(set(engine.all(NAMED[named])) - set(others))


def test_the_handbook_says_which_names_must_be_free(engine: Engine) -> None:
    said = (CHECKOUT / "docs/operators/deploy.md").read_text()

    assert [name for (name,) in engine.all("select unnest(rivulet.own_tables())") if f"`{name}`" not in said] == []
