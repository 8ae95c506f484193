"""Access tokens: whose they are, and which are refused; with the keys that Auth publishes, and with a shared secret."""

import base64
import json
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from functions.effects import people_jwt
from functions.effects.people_jwt import JwtPeople
from schema.errors import InvalidTokenError, TransientError
from tests import serving

pytestmark = pytest.mark.anyio
SECRET = "a shared secret that is long enough for each of the algorithms used below"
ELLIPTIC = ec.generate_private_key(ec.SECP256R1())
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def published(key: Any, algorithm: str, name: str) -> dict[str, Any]:
    kind: Any = {"ES256": jwt.algorithms.ECAlgorithm, "RS256": jwt.algorithms.RSAAlgorithm}[algorithm]
    return {**json.loads(kind.to_jwk(key.public_key())), "kid": name, "alg": algorithm, "use": "sig"}


class Auth:
    """Publishes keys, and counts how often it is asked."""

    def __init__(self) -> None:
        self.keys = [published(ELLIPTIC, "ES256", "e1"), published(RSA, "RS256", "r1")]
        self.asked = 0
        self.works = True
        self.app = Starlette(routes=[Route("/auth/v1/.well-known/jwks.json", self._publish)])

    async def _publish(self, _: Request) -> Response:
        self.asked += 1
        return JSONResponse({"keys": self.keys}, 200 if self.works else 500)


@pytest.fixture
def auth() -> Iterator[tuple[Auth, str]]:
    made = Auth()
    with serving.application(lambda _: made.app) as url:
        yield made, url


@pytest.fixture
async def people(auth: tuple[Auth, str]) -> AsyncIterator[JwtPeople]:
    async with httpx.AsyncClient() as http:
        yield JwtPeople(auth[1], SECRET, http)


USER = uuid.uuid4()


def claims(**changed: Any) -> dict[str, Any]:
    whole = {"sub": str(USER), "role": "authenticated", "aud": "authenticated", "exp": time.time() + 3600, **changed}
    return {name: value for name, value in whole.items() if value is not None}


def shared(**changed: Any) -> str:
    return jwt.encode(claims(**changed), SECRET, algorithm="HS256")


def elliptic(name: str = "e1", **changed: Any) -> str:
    return jwt.encode(claims(**changed), ELLIPTIC, algorithm="ES256", headers={"kid": name})


async def test_a_person_is_known_by_each_kind_of_signature(people: JwtPeople, auth: tuple[Auth, str]) -> None:
    by_rsa = jwt.encode(claims(), RSA, algorithm="RS256", headers={"kid": "r1"})
    for token in (shared(), elliptic(), by_rsa, shared(iat=time.time() + 5, is_anonymous=True)):
        person = await people.identify(token)
        assert (person.id, person.token) == (USER, token)
        assert token not in repr(person)
    assert auth[0].asked == 1


def without_signature() -> str:
    return jwt.encode(claims(), "", algorithm="none")


def confused() -> str:
    """Signed with the public key as if it were a shared secret."""
    header = base64.urlsafe_b64encode(b'{"alg":"HS256","kid":"e1"}').rstrip(b"=").decode()
    body = shared().split(".")[1]
    secret = json.dumps(published(ELLIPTIC, "ES256", "e1")).encode()
    signature = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(
        f"{header}.{body}".encode(), secret
    )
    return f"{header}.{body}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


REFUSED = {
    "nothing": "",
    "not a token": "sb_publishable_abc",
    "too long": "x" * 10_000,
    "no signature": without_signature(),
    "another secret": jwt.encode(claims(), SECRET + "x", algorithm="HS256"),
    "a public key as secret": confused(),
    "another algorithm": jwt.encode(claims(), SECRET, algorithm="HS512"),
    "another person's key": jwt.encode(
        claims(), ec.generate_private_key(ec.SECP256R1()), algorithm="ES256", headers={"kid": "e1"}
    ),
    "a key of another type": elliptic("r1"),
    "a key without name": jwt.encode(claims(), ELLIPTIC, algorithm="ES256"),
    "expired": shared(exp=time.time() - 1),
    "without end": shared(exp=None),
    "not yet valid": shared(nbf=time.time() + 3600),
    "anon key": shared(role="anon", sub=None, aud=None),
    "role anon": shared(role="anon"),
    "service key": shared(role="service_role"),
    "for another audience": shared(aud="elsewhere"),
    "without person": shared(sub=None),
    "no person": shared(sub="42"),
}


@pytest.mark.parametrize("token", REFUSED.values(), ids=REFUSED.keys())
async def test_other_tokens_are_refused(people: JwtPeople, token: str) -> None:
    with pytest.raises(InvalidTokenError):
        await people.identify(token)


async def test_a_cut_token_is_refused(people: JwtPeople) -> None:
    header, body, signature = shared().split(".")
    for token in (f"{header}.{body}.", f"{header}.{body}", f"{header}.{body[:-4]}.{signature}"):
        with pytest.raises(InvalidTokenError):
            await people.identify(token)


async def test_without_the_shared_secret_only_published_keys_count(auth: tuple[Auth, str]) -> None:
    async with httpx.AsyncClient() as http:
        people = JwtPeople(auth[1], None, http)
        assert (await people.identify(elliptic())).id == USER
        with pytest.raises(InvalidTokenError):
            await people.identify(shared())


async def test_a_new_key_is_looked_up_but_not_for_every_name(
    people: JwtPeople, auth: tuple[Auth, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await people.identify(elliptic())
    auth[0].keys[0]["kid"] = "e2"
    for _ in range(3):
        with pytest.raises(InvalidTokenError):
            await people.identify(elliptic("e2"))
    assert auth[0].asked == 1

    monkeypatch.setattr(people_jwt, "PAUSE_SECONDS", 0.0)

    assert (await people.identify(elliptic("e2"))).id == USER
    with pytest.raises(InvalidTokenError):
        await people.identify(elliptic("e1"))  # it is not published any more


async def test_known_keys_outlive_an_outage_of_auth(
    people: JwtPeople, auth: tuple[Auth, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    auth[0].works = False
    with pytest.raises(TransientError):
        await people.identify(elliptic())
    auth[0].works = True
    await people.identify(elliptic())

    auth[0].works = False
    monkeypatch.setattr(people_jwt, "KEEP_SECONDS", 0.0)

    assert (await people.identify(elliptic())).id == USER
