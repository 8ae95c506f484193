"""Where links in mails lead in the end: only to the site itself, or to this machine."""

from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from infra.local.gateway.auth.errors import AuthError
from infra.local.gateway.auth.requests import AuthRequest, Reply

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
#: OAuth's names for kinds of errors (RFC 6749, section 4.1.2.1), by status.
OAUTH_ERRORS = {
    400: "invalid_request",
    401: "unauthorized_client",
    403: "access_denied",
    500: "server_error",
    503: "temporarily_unavailable",
}


class Redirects:
    """Chooses targets; what is not allowed gives way to ``site_url``, as on hosted Auth."""

    def __init__(self, site_url: str) -> None:
        self._site_url, self._host = site_url, urlsplit(site_url).hostname

    def choose(self, request: AuthRequest, named: object = None) -> str:
        """Return where to lead the sender of ``request``; ``named`` is a target in its body."""
        offers = (named, request.query.get("redirect_to"), request.headers.get("redirect_to"))
        for offer in (*offers, request.headers.get("referer")):
            if isinstance(offer, str) and self._allows(offer):
                return offer
        return self._site_url

    def _allows(self, url: str) -> bool:
        try:
            parts = urlsplit(url)
            host = parts.hostname
        except ValueError:
            return False
        return parts.scheme in ("http", "https") and (host == self._host or host in LOOPBACK)


def lead_on(target: str, query: dict[str, str] | None = None, fragment: dict[str, str] | None = None) -> Reply:
    """Return the redirection to ``target`` with values added to its query or set as its fragment."""
    parts = urlsplit(target)
    joined = urlencode([*parse_qsl(parts.query, keep_blank_values=True), *sorted((query or {}).items())])
    hashed = urlencode(sorted(fragment.items())) if fragment else parts.fragment
    place = urlunsplit((parts.scheme, parts.netloc, quote(parts.path, safe="/%:@!$&'()*+,;=~-._"), joined, hashed))
    return Reply(status=303, headers={"location": place})


def lead_on_refused(target: str, error: AuthError, pkce: bool) -> Reply:
    """Return the redirection that tells the site of an error: in the fragment and, for PKCE, in the query too."""
    told = {"error_code": error.code, "error_description": error.message}
    if error.status in OAUTH_ERRORS:
        told["error"] = OAUTH_ERRORS[error.status]
    return lead_on(target, told if pkce else None, told)
