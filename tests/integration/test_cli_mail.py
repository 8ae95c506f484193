"""`rivulet mail` shows what the local Auth has sent."""

import json
import re

import httpx
import pytest

from infra.cli import mail
from infra.cli.errors import CommandError
from infra.cli.project import Project
from tests.conftest import Gateway

ADDRESSES = ("one@example.com", "two@example.com")


@pytest.fixture
def sent(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> Gateway:
    """A stack that has sent a mail to each address."""
    key = gateway.database.publishable_key
    for email in ADDRESSES:
        answer = httpx.post(f"{gateway.url}/auth/v1/otp", json={"email": email}, headers={"apikey": key})
        assert answer.status_code == 200
    monkeypatch.setattr(mail, "local_project", lambda _: Project(gateway.url, key, local=True))
    return gateway


def test_the_newest_come_first_and_one_shows_link_and_code(sent: Gateway, capsys: pytest.CaptureFixture[str]) -> None:
    mail.run(None, None, as_json=True)
    listed = json.loads(capsys.readouterr().out)
    assert [one["recipient"] for one in listed] == [*reversed(ADDRESSES)]
    mail.run(None, ADDRESSES[0], as_json=False)
    shown = capsys.readouterr().out
    assert ADDRESSES[0] in shown
    assert ADDRESSES[1] not in shown
    mail.run(listed[0]["id"], None, as_json=False)
    shown = capsys.readouterr().out
    assert f"{sent.url}/auth/v1/verify?token=" in shown
    assert re.search(rf"\b{listed[0]['code']}\b", shown)


def test_no_mails_and_no_such_mail(sent: Gateway, capsys: pytest.CaptureFixture[str]) -> None:
    mail.run(None, "nobody@example.com", as_json=False)
    assert "No mails yet" in capsys.readouterr().out
    with pytest.raises(CommandError, match="rivulet mail"):
        mail.run(10**9, None, as_json=False)
