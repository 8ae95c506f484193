"""The operations page: for operators alone, live, and able to mend."""

from pathlib import Path

from playwright.sync_api import expect

from tests.web.conftest import Enter
from tests.web.people import READY_MS
from tests.web.site import Site

FILES = Path(__file__).parents[1] / "files"


def test_others_see_nothing_of_it(enter: Enter, site: Site) -> None:
    visitor = enter()
    visitor.sign_in(site.account(), "/ops")
    expect(visitor.page.get_by_text("This page is for operators")).to_be_visible()
    expect(visitor.page.get_by_role("link", name="Operations")).to_have_count(0)


def test_an_operator_redrives_a_dead_job_and_reads_its_trace(enter: Enter, site: Site) -> None:
    account = site.account("op")
    site.make_operator(account)
    visitor = enter()
    visitor.sign_in(account, "/documents")
    expect(visitor.page.get_by_text("Nothing here yet")).to_be_visible()
    visitor.drop([FILES / "corrupt.pdf"])
    expect(visitor.document("corrupt.pdf").get_by_role("button", name="Retry reading corrupt.pdf")).to_be_visible(
        timeout=READY_MS
    )
    visitor.go("Operations")
    expect(visitor.page.get_by_role("article", name="Reading")).to_be_visible()
    expect(visitor.page.get_by_role("region", name="Workers").get_by_text("Answering").first).to_be_visible(
        timeout=30_000
    )
    dead = visitor.page.get_by_role("region", name="Dead jobs").last
    dead.get_by_role("button", name="Redrive", exact=True).first.click()
    expect(visitor.page.get_by_text("1 under way again.")).to_be_visible()
    dead.get_by_role("link").first.click()
    trace = visitor.page.get_by_role("region", name="Trace")
    expect(trace.get_by_text("Received")).to_be_visible()
    expect(trace.get_by_role("listitem").filter(has_text="Reading").first).to_contain_text("dead")
