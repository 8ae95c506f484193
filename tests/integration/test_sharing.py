"""Sharing a library by e-mail: the invited decide, and nobody learns who has an account."""

import uuid

import psycopg
import pytest

from tests.integration.engine import Engine
from tests.integration.test_visibility import signed_in


def account(engine: Engine) -> tuple[uuid.UUID, str]:
    """Somebody whose e-mail address is confirmed."""
    user = engine.person()
    engine.all("update auth.users set email_confirmed_at = now() where id = %s", user)
    return user, f"{user}@example.com"


def act(engine: Engine, user: uuid.UUID, statement: str, *values: object) -> list[tuple[object, ...]]:
    """Run a statement as a person; what it wrote stays."""
    with signed_in(engine, user) as connection:
        cursor = connection.execute(statement.encode(), values)
        found = cursor.fetchall() if cursor.description else []
        connection.commit()
    return found


def share(engine: Engine, owner: uuid.UUID, email: str, role: str = "viewer") -> uuid.UUID:
    library = engine.library(owner)
    act(engine, owner, "select public.share_library(%s, %s, %s)", library, email, role)
    return library


def test_who_accepts_becomes_a_member_with_the_role_that_was_offered(engine: Engine) -> None:
    (ana, _), (bo, email) = account(engine), account(engine)
    library = share(engine, ana, f"  {email.upper()} ", "editor")
    assert act(engine, bo, "select count(*) from public.libraries where id = %s", library) == [(0,)]

    [offered] = act(engine, bo, "select library_id, library_name, invited_by, role from public.my_invitations()")
    assert offered == (library, "My documents", f"{ana}@example.com", "editor")
    assert act(engine, bo, "select public.accept_invitation(%s)", library) == [(True,)]

    people = act(engine, ana, "select email, role from public.library_people(%s)", library)
    assert people == [(f"{ana}@example.com", "owner"), (email, "editor")]
    assert act(engine, bo, "select public.accept_invitation(%s)", library) == [(False,)]


def test_an_owner_cannot_tell_who_has_an_account(engine: Engine) -> None:
    (ana, _), (_, known) = account(engine), account(engine)
    library = share(engine, ana, known)
    share(engine, ana, "nobody@example.com")
    people = act(engine, ana, "select user_id, role from public.library_people(%s) where role <> 'owner'", library)
    assert people == [(None, "viewer"), (None, "viewer")]


def test_an_address_that_was_not_confirmed_opens_nothing(engine: Engine) -> None:
    (ana, _), thief = account(engine), engine.person()
    library = share(engine, ana, f"{thief}@example.com")
    assert act(engine, thief, "select * from public.my_invitations()") == []
    assert act(engine, thief, "select public.accept_invitation(%s)", library) == [(False,)]


def test_an_invitation_can_be_declined_and_taken_back(engine: Engine) -> None:
    (ana, _), (bo, email), (stranger, _) = account(engine), account(engine), account(engine)
    library = share(engine, ana, email)
    gone = "delete from public.invitations where library_id = %s returning email"
    assert act(engine, stranger, gone, library) == []
    assert act(engine, bo, gone, library) == [(email,)]
    share(engine, ana, email)
    assert act(engine, ana, gone, library) == [(email,)]
    assert act(engine, bo, "select public.accept_invitation(%s)", library) == [(False,)]


def test_sharing_again_changes_the_role(engine: Engine) -> None:
    (ana, own), (bo, email) = account(engine), account(engine)
    library = share(engine, ana, email)
    act(engine, bo, "select public.accept_invitation(%s)", library)
    share(engine, ana, email, "editor")
    share(engine, ana, own, "viewer")  # the owner stays the owner
    roles = act(engine, ana, "select role from public.library_people(%s)", library)
    assert roles == [("owner",), ("editor",)]
    assert engine.one("select count(*) from public.invitations") == 0


@pytest.mark.parametrize("role", ["viewer", "editor"])
def test_only_the_owner_shares(engine: Engine, role: str) -> None:
    (ana, _), (bo, email) = account(engine), account(engine)
    library = share(engine, ana, email, role)
    act(engine, bo, "select public.accept_invitation(%s)", library)
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="Only the owner"):
        act(engine, bo, "select public.share_library(%s, 'c@example.com', 'viewer')", library)
    with pytest.raises(psycopg.errors.InvalidParameterValue):
        act(engine, ana, "select public.share_library(%s, 'c@example.com', 'owner')", library)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        act(
            engine,
            ana,
            "insert into public.invitations (library_id, email, role, invited_by)"
            " values (%s, 'd@example.com', 'viewer', %s)",
            library,
            ana,
        )


def test_members_hear_of_their_libraries_and_the_invited_of_their_offers(engine: Engine) -> None:
    (ana, _), (bo, email) = account(engine), account(engine)
    library = share(engine, ana, email)
    act(engine, bo, "select public.accept_invitation(%s)", library)
    act(engine, ana, "update public.libraries set name = 'Weirs' where id = %s", library)
    act(engine, bo, "insert into public.conversations default values")

    def heard(user: uuid.UUID) -> list[tuple[object, ...]]:
        return engine.all(
            "select payload ->> 'table', event from realtime.messages where topic = %s order by inserted_at, id",
            f"person:{user}",
        )

    assert set(heard(bo)) >= {
        ("invitations", "INSERT"),
        ("invitations", "DELETE"),
        ("library_members", "INSERT"),
        ("libraries", "UPDATE"),
        ("conversations", "INSERT"),
    }
    assert ("conversations", "INSERT") not in heard(ana)
    assert ("library_members", "INSERT") in heard(ana)
