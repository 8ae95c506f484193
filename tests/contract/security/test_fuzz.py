"""Whatever comes in over HTTP, every service answers it or says what is wrong with it; none fails."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.local.gateway.keys import Keyring
from tests.contract.conftest import Project

ID = "00000000-0000-4000-8000-000000000001"
WORDS = st.one_of(
    st.sampled_from(
        ["", "x", "signup", "recovery", "totp", "phone", "email", "name", "asc", "a@example.com", ID, "-1", "none"]
    ),
    st.text(alphabet=st.sampled_from("az09./-_@ %&=?#\\'\"<>{}é☃\n\0"), max_size=10),
)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), WORDS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(WORDS, inner, max_size=3)),
    max_leaves=5,
)
PATHS: dict[str, list[str]] = {
    "/auth/v1/signup": ["email", "password", "data", "phone", "code_challenge", "code_challenge_method"],
    "/auth/v1/token?grant_type=password": ["email", "password"],
    "/auth/v1/token?grant_type=refresh_token": ["refresh_token"],
    "/auth/v1/token?grant_type=pkce": ["auth_code", "code_verifier"],
    "/auth/v1/token?grant_type=*": ["x"],
    "/auth/v1/otp": ["email", "phone", "create_user", "data", "code_challenge"],
    "/auth/v1/recover": ["email", "code_challenge", "code_challenge_method"],
    "/auth/v1/resend": ["type", "email"],
    "/auth/v1/verify": ["type", "email", "phone", "token", "token_hash"],
    "/auth/v1/verify?token=*&type=*&redirect_to=*": ["x"],
    "/auth/v1/user": ["email", "password", "data", "phone"],
    "/auth/v1/logout?scope=*": ["x"],
    "/auth/v1/factors": ["factor_type", "friendly_name", "issuer"],
    "/auth/v1/factors/*/verify": ["code", "challenge_id"],
    "/auth/v1/factors/*": ["x"],
    "/auth/v1/invite": ["email", "data"],
    "/auth/v1/admin/generate_link": ["type", "email", "password", "new_email", "data", "redirect_to"],
    "/auth/v1/admin/users": [
        "id",
        "email",
        "password",
        "role",
        "app_metadata",
        "user_metadata",
        "ban_duration",
        "email_confirm",
    ],
    "/auth/v1/admin/users?page=*&per_page=*": ["x"],
    "/auth/v1/admin/users/*": ["email", "password", "should_soft_delete", "ban_duration"],
    "/auth/v1/*": ["x"],
    "/storage/v1/bucket": ["id", "name", "public", "file_size_limit", "allowed_mime_types", "type"],
    "/storage/v1/bucket/*": ["public", "file_size_limit", "allowed_mime_types"],
    "/storage/v1/object/list/*": ["prefix", "limit", "offset", "sortBy", "search"],
    "/storage/v1/object/list-v2/*": ["prefix", "limit", "cursor", "with_delimiter", "sortBy"],
    "/storage/v1/object/move": ["bucketId", "sourceKey", "destinationKey", "destinationBucket"],
    "/storage/v1/object/copy": ["bucketId", "sourceKey", "destinationKey", "metadata", "copyMetadata"],
    "/storage/v1/object/sign/*": ["paths", "expiresIn"],
    "/storage/v1/object/sign/*/*?token=*": ["expiresIn", "transform"],
    "/storage/v1/object/upload/sign/*/*?token=*": ["x"],
    "/storage/v1/object/*/*": ["x"],
    "/storage/v1/object/public/*/*?download=*": ["x"],
    "/storage/v1/object/info/*/*": ["x"],
    "/storage/v1/object/*": ["prefixes"],
    "/storage/v1/upload/resumable": ["x"],
    "/storage/v1/upload/resumable/*": ["x"],
    "/rest/v1/contract_diary?select=*&order=*&limit=*": ["entry", "owner", "id"],
    "/rest/v1/contract_titles?select=*&contract_authors.*=*": ["title"],
    "/rest/v1/rpc/contract_add?a=*": ["a", "b"],
    "/rest/v1/rpc/*": ["a"],
    "/functions/v1/*": ["x"],
    "/mail/messages?to=*&limit=*": ["x"],
    "/mail/messages/*": ["x"],
    "/realtime/v1/api/broadcast": ["messages"],
    "/realtime/v1/api/broadcast/*/events/*": ["x"],
    "/*": ["x"],
}
HEADERS = st.dictionaries(
    st.sampled_from(
        [
            "prefer",
            "range",
            "accept",
            "accept-profile",
            "content-profile",
            "x-upsert",
            "x-metadata",
            "if-none-match",
            "upload-length",
            "upload-metadata",
            "tus-resumable",
            "upload-offset",
            "content-type",
            "x-signature",
        ]
    ),
    st.one_of(
        st.sampled_from(
            ["count=exact", "0-1", "1.0.0", "5", "application/json", "multipart/form-data; boundary=x", "text/csv", "*"]
        ),
        st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), max_size=12),
    ),
    max_size=4,
)
#: What a service says when it cannot do something at all, as against failing at it.
NOT_BUILT = 501


@st.composite
def attempts(draw: st.DrawFn) -> tuple[str, str, dict[str, str], bytes]:
    """A request that is nearly right: method, path, headers and body."""
    template = draw(st.sampled_from(sorted(PATHS)))
    parts = template.split("*")
    path = parts[0] + "".join(quote(draw(WORDS), safe="") + part for part in parts[1:])
    method = draw(st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"]))
    known = st.dictionaries(st.sampled_from(PATHS[template]), JSON, max_size=6)
    body: Any = draw(st.one_of(known, known, known, JSON))
    raw = draw(
        st.one_of(st.just(json.dumps(body).encode()), st.just(json.dumps(body).encode()), st.binary(max_size=20))
    )
    return method, path, draw(HEADERS), raw


@pytest.fixture(scope="module")
def http(project: Project) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=project.url, timeout=30) as client:
        yield client


@pytest.fixture(scope="module")
def tokens(project: Project) -> list[str]:
    """Keys and tokens of everybody, one that is forged, and rubbish."""
    if project.settings is None:
        pytest.skip("another Supabase need not be fuzzed")
    keyring = Keyring(project.settings.jwt_secret, project.publishable_key, project.secret_key)
    person = keyring.sign(
        {"sub": ID, "role": "authenticated", "exp": 4102444800, "session_id": "x", "email": "a@example.com"}
    )
    strange = keyring.sign({"sub": "no uuid", "role": "authenticated", "exp": 4102444800})
    return [project.publishable_key, project.secret_key, person, strange, "a.b.c", ""]


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(attempt=attempts(), who=st.integers(0, 5))
def test_nothing_over_http_breaks_a_service(
    project: Project, http: httpx.Client, tokens: list[str], attempt: tuple[str, str, dict[str, str], bytes], who: int
) -> None:
    method, path, headers, body = attempt
    sent = {"apikey": project.publishable_key, "authorization": f"Bearer {tokens[who]}".strip(), **headers}
    answer = http.request(method, path, headers=sent, content=body)
    assert answer.status_code < 500 or answer.status_code == NOT_BUILT, (method, path, sent, body, answer.text)
