"""A person signed in to a project, through the official client."""

import getpass
import hashlib
import re
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from uuid import UUID

import httpx
from supabase import AsyncClient, AsyncClientOptions
from supabase_auth import AsyncMemoryStorage, AsyncSupportedStorage, Session
from supabase_auth.errors import AuthApiError

from infra.cli import project as projects
from infra.cli.errors import CommandError
from infra.cli.keepsakes import Keepsakes
from infra.cli.project import Project

TIMEOUT_SECONDS = 30.0
OWN_KEEPSAKE = "rivulet.local.person"  # holds the password of the local stack's own person
PROOF_KEEPSAKE = "rivulet.proof"  # tells whether the session that is kept was had by the same password
SIGN_IN_FIRST = "Sign in first: rivulet login EMAIL (or set RIVULET_EMAIL and RIVULET_PASSWORD)"


@dataclass(frozen=True)
class Credentials:
    """What proves who a person is."""

    email: str
    password: str


@dataclass(frozen=True)
class Person:
    """Somebody signed in, and the personal library where their uploads go."""

    client: AsyncClient
    project: Project
    id: UUID
    email: str
    library: UUID

    async def token(self) -> str:
        """A valid access token, refreshed where needed."""
        session = await self.client.auth.get_session()
        if session is None:
            raise CommandError(f"The session has ended. {SIGN_IN_FIRST}")
        return session.access_token


@asynccontextmanager
async def connected(project: Project, storage: AsyncSupportedStorage | None = None) -> AsyncIterator[AsyncClient]:
    """A client of the project; a session in `storage` is taken up again."""
    async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS, follow_redirects=True) as http:
        options = AsyncClientOptions(storage=storage or AsyncMemoryStorage(), httpx_client=http)
        yield await AsyncClient.create(project.url, project.key, options)


@asynccontextmanager
async def entered(project: Project, environment: Mapping[str, str]) -> AsyncIterator[Person]:
    """The person whom the environment names, or who signed in last, or the local stack's own."""
    keepsakes = Keepsakes(projects.people_folder() / f"{project.label}.json")
    async with connected(project, keepsakes) as client:
        session = await _find_session(client, project, keepsakes, named_in(environment))
        yield await person_of(client, project, session)


async def log_in(project: Project, credentials: Credentials) -> bool:
    """Sign in and remember it; on the local stack an unknown e-mail is signed up, and true returned."""
    keepsakes = Keepsakes(projects.people_folder() / f"{project.label}.json")
    async with connected(project, keepsakes) as client:
        if project.local:
            _, is_new = await _sign_in_or_up(client, credentials)
            return is_new
        await sign_in(client, credentials)
    return False


async def sign_in(client: AsyncClient, credentials: Credentials) -> Session:
    """Sign in by password."""
    answer = await client.auth.sign_in_with_password({"email": credentials.email, "password": credentials.password})
    return _present(answer.session)


async def sign_up(client: AsyncClient, credentials: Credentials) -> Session:
    """Make an account."""
    answer = await client.auth.sign_up({"email": credentials.email, "password": credentials.password})
    return _present(answer.session)


async def person_of(client: AsyncClient, project: Project, session: Session) -> Person:
    """The person of a session."""
    user = session.user
    found = await (
        client.table("libraries").select("id").eq("owner_id", user.id).eq("personal", "true").limit(1).execute()
    )
    match found.data:
        case [{"id": str(library)}]:
            return Person(client, project, UUID(user.id), user.email or "", UUID(library))
    raise CommandError(f"{user.email} has no personal library in this project. {SIGN_IN_FIRST}")


def named_in(environment: Mapping[str, str]) -> Credentials | None:
    """The person whom RIVULET_EMAIL and RIVULET_PASSWORD name, if any."""
    email, password = environment.get("RIVULET_EMAIL"), environment.get("RIVULET_PASSWORD")
    if bool(email) != bool(password):
        alone, other = ("RIVULET_EMAIL", "RIVULET_PASSWORD") if email else ("RIVULET_PASSWORD", "RIVULET_EMAIL")
        raise CommandError(f"{alone} is set, and {other} is not. Set both, or unset {alone} to be who signed in last.")
    return Credentials(email, password) if email and password else None


def own_email() -> str:
    """The e-mail of the person whom this machine's user is on the local stack."""
    user = re.sub(r"[^a-z0-9._-]", "", getpass.getuser().lower()) or "me"
    return f"{user}@rivulet.example"


async def _find_session(
    client: AsyncClient, project: Project, keepsakes: Keepsakes, named: Credentials | None
) -> Session:
    kept = await _kept_session(client)
    if named is not None and not (kept and await _opens(keepsakes, kept, named)):
        return await _sign_in_as_named(client, keepsakes, named)
    if kept is not None:
        return kept
    if project.local:
        return await _enter_locally(client, keepsakes)
    raise CommandError(f"Nobody is signed in to {project.url}. {SIGN_IN_FIRST}")


async def _opens(keepsakes: Keepsakes, kept: Session, named: Credentials) -> bool:
    """Whether the session that is kept was had by these credentials."""
    return kept.user.email == named.email.lower() and await keepsakes.get_item(PROOF_KEEPSAKE) == _proof(named)


async def _sign_in_as_named(client: AsyncClient, keepsakes: Keepsakes, named: Credentials) -> Session:
    session = await sign_in(client, named)
    await keepsakes.set_item(PROOF_KEEPSAKE, _proof(named))
    return session


def _proof(credentials: Credentials) -> str:
    """Tells the same password again, and nothing of what it is."""
    salt = credentials.email.lower().encode()
    return hashlib.scrypt(credentials.password.encode(), salt=salt, n=1 << 14, r=8, p=1).hex()


async def _kept_session(client: AsyncClient) -> Session | None:
    """The session of the last command, refreshed; none when it cannot be refreshed any more."""
    with suppress(AuthApiError):
        return await client.auth.get_session()
    return None


async def _enter_locally(client: AsyncClient, keepsakes: Keepsakes) -> Session:
    """Sign in as the person whom this machine's user is on the local stack; made at the first time."""
    own = Credentials(own_email(), await keepsakes.get_item(OWN_KEEPSAKE) or secrets.token_urlsafe(24))
    await keepsakes.set_item(OWN_KEEPSAKE, own.password)
    try:
        session, _ = await _sign_in_or_up(client, own)
    except AuthApiError as error:
        if error.code != "invalid_credentials":
            raise
        lost = f"The password of {own.email} is lost: it was kept in {projects.people_folder()}."
        raise CommandError(f"{lost} {SIGN_IN_FIRST}") from error
    return session


async def _sign_in_or_up(client: AsyncClient, credentials: Credentials) -> tuple[Session, bool]:
    """A session, and whether the account was made for it."""
    try:
        return await sign_in(client, credentials), False
    except AuthApiError as error:
        if error.code != "invalid_credentials":
            raise
        # Someone new, or a wrong password: then signing up is refused, and the first refusal is the true one.
        with suppress(AuthApiError):
            return await sign_up(client, credentials), True
        raise


def _present(session: Session | None) -> Session:
    if session is None:
        raise CommandError("The account must be confirmed first: open the link in the e-mail, then sign in again.")
    return session
