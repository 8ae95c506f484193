"""Who may do what to whose rows: every table × verb × role × relation to the row, tried, compared with what is meant.

The tables and what is granted on them are read from the catalog, so a table that nobody thought of fails the test.
"""

import uuid
from typing import Literal

import psycopg
import pytest

from tests.integration.engine import Engine
from tests.integration.test_visibility import full, signed_in

__all__ = ["full"]

Verb = Literal["select", "insert", "update", "delete"]
VERBS: tuple[Verb, ...] = ("select", "insert", "update", "delete")
RELATIONS = ("anonymous", "stranger", "viewer", "editor", "owner", "service")
# Per verb, for each relation in that order: - refused, 0 nothing there for them, + done.
MEANT = {
    # table               select    insert    update    delete
    "libraries":        ("-0++++", "-+++++", "-000++", "-000++"),
    "library_members":  ("-0++++", "-----+", "-000++", "-0+0++"),
    "documents":        ("-0++++", "---+++", "-00+++", "-00+++"),
    "chunks":           ("-0++++", "-----+", "-----+", "-----+"),
    "deletions":        ("-000++", "-----+", "-----+", "-----+"),
    "conversations":    ("-000++", "--++++", "-000++", "-000++"),
    "messages":         ("-000++", "----++", "-000++", "-----+"),
    "citations":        ("-000++", "-----+", "-----+", "-----+"),
    "provenance":       ("-000++", "-----+", "-----+", "-----+"),
    "feedback":         ("-000++", "----++", "-000++", "-000++"),
    "watches":          ("-00+++", "-----+", "-----+", "-----+"),
    "invitations":      ("-000++", "-----+", "-----+", "-000++"),
}  # fmt: skip
# What somebody would insert; of tables that are not here, nobody but the service may insert anything.
INSERTS = {
    "libraries": "insert into public.libraries (name) values ('x')",
    "documents": "insert into public.documents (library_id, title, content) values ({library}, 'x', 'y')",
    "conversations": "insert into public.conversations (library_id) values ({library})",
    "messages": "insert into public.messages (conversation_id, content) values ({conversation}, 'x')",
    "feedback": "insert into public.feedback (message_id, rating) values ({answer}, -1)",
}


class World:
    """Somebody's rows, and everybody who comes near them."""

    def __init__(self, engine: Engine, owner: uuid.UUID, stranger: uuid.UUID) -> None:
        self.engine = engine
        self.people: dict[str, uuid.UUID | None] = {
            "anonymous": None,
            "service": None,
            "owner": owner,
            "stranger": stranger,
        }
        self.library = engine.one(
            "insert into public.libraries (name, owner_id) values ('Shared', %s) returning id", owner
        )
        for table in ("documents", "chunks", "deletions", "watches", "invitations"):
            engine.all(f"update public.{table} set library_id = %s", self.library)
        for role in ("viewer", "editor"):
            person = self.people[role] = engine.person()
            engine.all("insert into public.library_members values (%s, %s, %s)", self.library, person, role)
        self.conversation, self.answer = engine.all(
            "select conversation_id, id from public.messages where role = 'assistant'"
        )[0]
        engine.all("update public.messages set status = 'streaming' where id = %s", self.answer)

    def where(self, table: str) -> str:
        """Which rows of a table are at stake: those that belong to the library, the conversation or the answer."""
        attributes = "select attname::text from pg_attribute where attrelid = %s::regclass and attnum > 0"
        columns = {name for (name,) in self.engine.all(attributes, f"public.{table}")}
        if table == "library_members":
            return f"library_id = '{self.library}' and role = 'viewer'"
        for column, value in (
            ("library_id", self.library), ("message_id", self.answer), ("conversation_id", self.conversation),
        ):  # fmt: skip
            if column in columns and table != "conversations":
                return f"{column} = '{value}'" + (" and role = 'assistant'" if table == "messages" else "")
        return f"id = '{self.library if table == 'libraries' else self.conversation}'"

    def statement(self, table: str, verb: Verb) -> str:
        where = self.where(table)
        match verb:
            case "select":
                return f"select 1 from public.{table} where {where}"
            case "delete":
                return f"delete from public.{table} where {where}"
            case "update":
                return f"update public.{table} set {self.assignment(table)} where {where}"
        named = {
            "library": self.library,
            "conversation": self.conversation,
            "answer": self.answer,
        }
        values = {name: f"'{value}'" for name, value in named.items()}
        return INSERTS.get(table, f"insert into public.{table} default values").format(**values)

    def assignment(self, table: str) -> str:
        """A change of what people may change, if there is any such column; it changes nothing but a stop."""
        if table == "messages":
            return "status = 'cancelled'"
        granted = self.engine.all(
            "select attname::text from pg_attribute where attrelid = %s::regclass and attnum > 0 and not attisdropped"
            " order by has_column_privilege('authenticated', attrelid, attnum, 'update') desc, attnum",
            f"public.{table}",
        )
        return f"{granted[0][0]} = {granted[0][0]}"

    def tried(self, relation: str, table: str, verb: Verb) -> str:
        """What comes of it; nothing of it stays."""
        role = {"anonymous": "anon", "service": "service_role"}.get(relation, "authenticated")
        with signed_in(self.engine, self.people[relation], role) as connection:
            try:
                done = connection.execute(self.statement(table, verb).encode())
            except psycopg.errors.InsufficientPrivilege:
                return "-"
            except psycopg.errors.IntegrityError:
                return "+"  # it got as far as the values
            return "+" if done.rowcount else "0"


@pytest.fixture
def world(engine: Engine, full: tuple[uuid.UUID, uuid.UUID]) -> World:
    return World(engine, *full)


def test_the_matrix_is_what_is_meant(world: World) -> None:
    tables = [name for (name,) in world.engine.all(TABLES)]

    found = {table: tuple(_row(world, table, verb) for verb in VERBS) for table in tables}

    assert found == {table: tuple(cells.replace(" ", "") for cells in row) for table, row in sorted(MEANT.items())}


def _row(world: World, table: str, verb: Verb) -> str:
    return "".join(world.tried(relation, table, verb) for relation in RELATIONS)


def test_every_table_into_which_people_may_insert_is_tried(engine: Engine) -> None:
    granted = engine.all(
        "select relname::text from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')"
        " and has_any_column_privilege('authenticated', oid, 'insert') order by 1"
    )
    assert [name for (name,) in granted] == sorted(INSERTS)


TABLES = (
    "select relname::text from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')"
    " order by relname"
)
VIEWS_AND_MORE = (
    "select relname::text from pg_class where relnamespace = 'public'::regnamespace and relkind in ('v', 'm', 'f')"
)


def test_no_view_passes_by_row_security(engine: Engine) -> None:
    assert engine.all(VIEWS_AND_MORE) == []


def test_what_is_told_of_deleted_rows_to_everybody_names_no_person(engine: Engine) -> None:
    """Postgres Changes tells their keys to whoever subscribes."""
    keys = engine.all(
        "select t.tablename::text, a.attname::text from pg_publication_tables t"
        " join pg_index i on i.indrelid = format('%%I.%%I', t.schemaname, t.tablename)::regclass and i.indisprimary"
        " join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any (i.indkey)"
        " where t.pubname = 'supabase_realtime' and t.schemaname = 'public'"
    )
    assert keys
    assert [key for key in keys if "user" in key[1] or "owner" in key[1]] == []


def test_what_people_may_call_is_known(engine: Engine) -> None:
    """Some functions run with the rights of their owner: each that people may call is a door that is tried below."""
    definers = engine.all(
        "select p.proname::text from pg_proc p where p.pronamespace = 'public'::regnamespace and p.prosecdef"
        " and exists (select from unnest(array['anon', 'authenticated']) role"
        " where has_function_privilege(role, p.oid, 'execute')) order by 1"
    )
    assert [name for (name,) in definers] == sorted(DOORS)
    unfixed = engine.all(
        "select oid::regprocedure::text from pg_proc where prosecdef and pronamespace in"
        " ('public'::regnamespace, 'rivulet'::regnamespace) and not coalesce(proconfig::text, '') ~ 'search_path='"
    )
    assert unfixed == [], "a function that runs as its owner must have a fixed search_path"


# Doors for people, each with what a stranger would hand in.
DOORS = {
    "accept_invitation": "{library}",
    "edit_question": "{question}, 'x'",
    "follow_ups": "{answer}",
    "is_operator": "",
    "library_people": "{library}",
    "library_usage": "{library}",
    "my_invitations": "",
    "ops_cancel": "1",
    "ops_overview": "",
    "ops_redrive": "'parse'",
    "ops_series": "",
    "ops_trace": "'x'",
    "provide_password": "{document}, 'x'",
    "refetch_document": "{document}",
    "regenerate_answer": "{answer}",
    "retry_document": "{document}",
    "search_passages": "'weir'",
    "share_library": "{library}, 'x@example.com', 'viewer'",
    "stop_watching": "{watch}",
}


@pytest.mark.parametrize("door", DOORS)
def test_a_door_opens_for_no_stranger(world: World, door: str) -> None:
    named = {
        "library": world.library,
        "answer": world.answer,
        "question": world.engine.one("select reply_to from public.messages where id = %s", world.answer),
        "document": world.engine.one("select id from public.documents limit 1"),
        "watch": world.engine.one("select id from public.watches limit 1"),
    }
    values = {name: f"'{value}'" for name, value in named.items()}
    call = f"select * from public.{door}({DOORS[door].format(**values)})"
    with signed_in(world.engine, world.people["stranger"]) as connection:
        try:
            rows = connection.execute(call.encode()).fetchall()
        except (psycopg.errors.InsufficientPrivilege, psycopg.errors.NoDataFound, psycopg.errors.RaiseException):
            return
        except psycopg.errors.Error as error:
            assert error.sqlstate in REFUSALS, error  # noqa: PT017 - any other error would be a wrong call
            return
        assert not any(value for row in rows for value in row), rows


# Said by our own functions: nothing of that name for this person, or not allowed.
REFUSALS = ("PT404", "P0002", "42501", "22023")
