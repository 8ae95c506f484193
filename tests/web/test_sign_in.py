"""Ways in and out, and a session that ends in the middle."""

import re

import httpx
from playwright.sync_api import Locator, expect

from tests.waiting import eventually
from tests.web.conftest import Enter
from tests.web.people import Visitor
from tests.web.site import PASSWORD, Account, Site


def test_nobody_sees_a_page_without_signing_in(enter: Enter, site: Site) -> None:
    visitor = enter()
    visitor.page.goto(f"{site.url}/documents")
    expect(visitor.page).to_have_url(re.compile(r"/sign-in\?next=%2Fdocuments"))
    visitor._enter(site.account().email, "Sign in")
    expect(visitor.page).to_have_url(re.compile("/documents"))


def test_a_wrong_password_is_said_so(enter: Enter, site: Site) -> None:
    visitor = enter()
    visitor.page.goto(f"{site.url}/sign-in")
    visitor.page.get_by_label("E-mail", exact=True).fill(site.account().email)
    visitor.page.get_by_label("Password", exact=True).fill("something else")
    visitor.page.get_by_role("button", name="Sign in", exact=True).click()
    expect(visitor.page.locator("form").get_by_role("alert")).to_have_text(
        "This e-mail and password do not belong together."
    )


def test_an_address_is_typed_once_for_all_ways_in(enter: Enter, site: Site) -> None:
    page = enter().page
    page.goto(f"{site.url}/sign-in")
    box = page.get_by_label("E-mail", exact=True)
    box.fill("ana@rivulet.example")
    for way, title in (("Forgot the password?", "A new password"), ("Back", "Welcome back")):
        page.get_by_role("button", name=way).click()
        expect(page.get_by_role("heading", name=title)).to_be_focused()
        expect(box).to_have_value("ana@rivulet.example")
    page.get_by_role("button", name="Create an account").click()
    expect(box).to_have_value("ana@rivulet.example")


def test_signing_in_never_leads_elsewhere(enter: Enter, site: Site) -> None:
    visitor = enter()
    visitor.sign_in(site.account(), "https://evil.example/")
    expect(visitor.page).to_have_url(re.compile(f"^{re.escape(site.url)}/chat"))


def test_a_link_from_an_e_mail_leads_in_where_the_browser_is(enter: Enter, site: Site) -> None:
    visitor = enter()
    visitor.page.goto(f"{site.url}{_link(site, site.account())}&next=/documents")
    expect(visitor.page).to_have_url(re.compile(f"^{re.escape(site.url)}/documents"))
    expect(visitor.page.get_by_role("tab", name="My documents")).to_be_visible()


def test_a_session_from_a_link_is_for_https_alone_where_that_is_spoken(site: Site) -> None:
    reply = httpx.get(f"{site.url}{_link(site, site.account())}", headers={"x-forwarded-proto": "https"})
    cookies = reply.headers.get_list("set-cookie")
    assert reply.headers["location"] == "/chat"
    assert cookies != []
    assert all("; Secure" in cookie for cookie in cookies), cookies


def test_a_link_that_is_used_up_is_said_so(enter: Enter, site: Site) -> None:
    visitor = enter()
    visitor.page.goto(f"{site.url}/auth/callback?token_hash=none&type=magiclink")
    expect(visitor.page).to_have_url(f"{site.url}/sign-in?trouble=link")
    expect(visitor.page.get_by_text("This link is used up or too old.")).to_be_visible()


def test_an_expired_session_takes_no_text_away(enter: Enter, site: Site) -> None:
    visitor, account = enter(), site.account()
    box, dialog = _write_until_the_session_ends(visitor, account)
    dialog.get_by_label("Password", exact=True).fill(PASSWORD)
    dialog.get_by_role("button", name="Sign in", exact=True).click()
    expect(dialog).to_be_hidden()
    expect(box).to_have_value("A question that took a while to write")


def test_who_has_no_password_signs_in_again_in_another_tab(enter: Enter, site: Site) -> None:
    visitor, account = enter(), site.account()
    box, dialog = _write_until_the_session_ends(visitor, account)
    with visitor.page.context.expect_page() as opened:
        dialog.get_by_role("link", name="Sign in without a password").click()
    other = opened.value
    expect(other).to_have_url(re.compile(r"/sign-in\?next=%2Fchat"))
    other.goto(f"{site.url}{_link(site, account)}")
    expect(other).to_have_url(re.compile("/chat"))
    _look_again(visitor)
    expect(dialog).to_be_hidden()
    expect(box).to_have_value("A question that took a while to write")


def test_signing_out_everywhere_ends_the_other_device(enter: Enter, site: Site) -> None:
    account, here, there = site.account(), enter(), enter()
    for visitor in (here, there):
        visitor.sign_in(account)
    here.page.get_by_role("button", name=re.compile("Account")).click()
    here.page.get_by_role("menuitem", name="Sign out on all devices").click()
    expect(here.page).to_have_url(re.compile("/sign-in"))
    there.page.reload()
    expect(there.page).to_have_url(re.compile("/sign-in"))


def test_pages_run_no_script_without_a_nonce(site: Site) -> None:
    first, second = (httpx.get(f"{site.url}/sign-in") for _ in range(2))
    policy = first.headers["content-security-policy"]
    [scripts] = [rule for rule in policy.split("; ") if rule.startswith("script-src ")]
    [nonce] = re.findall(r"'nonce-([^']+)'", scripts)
    assert "unsafe" not in scripts
    assert nonce not in second.headers["content-security-policy"]
    assert all(f'nonce="{nonce}"' in tag for tag in re.findall(r"<script[^>]*>", first.text))


def test_no_secret_reaches_the_browser(enter: Enter, site: Site) -> None:
    visitor = enter()
    sources: list[str] = []
    visitor.page.on("response", lambda reply: sources.append(reply.url) if reply.url.endswith(".js") else None)
    visitor.sign_in(site.account())
    visitor.go("Documents")
    page = visitor.page.content()
    for text in [page, *(httpx.get(url).text for url in sources)]:
        assert site.secret_key not in text
        assert "service_role" not in text.replace('=== "service_role"', "")
    assert len(sources) > 5


def _link(site: Site, account: Account) -> str:
    """The path that a link to sign in leads to."""
    return f"/auth/callback?token_hash={site.link_hash(account)}&type=magiclink"


def _write_until_the_session_ends(visitor: Visitor, account: Account) -> tuple[Locator, Locator]:
    """The box with what was typed, and the dialog."""
    visitor.sign_in(account)
    box = visitor.page.get_by_role("textbox", name="Your question")
    box.fill("A question that took a while to write")
    return box, _end_session(visitor)


def _end_session(visitor: Visitor) -> Locator:
    """As when the refresh token was revoked while the computer slept: the next refresh is refused. The dialog then."""
    visitor.page.context.clear_cookies()
    dialog = visitor.page.get_by_role("dialog", name="Your session has ended")

    def seen() -> None:  # a page that is not yet alive hears nothing
        _look_again(visitor)
        expect(dialog).to_be_visible(timeout=1_000)

    eventually(seen, within=15)
    return dialog


def _look_again(visitor: Visitor) -> None:
    """As who comes back to a tab."""
    visitor.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
