"""`rivulet mail`: the mails that the local stack's Auth has sent. They are kept there, as it has no mail server."""

import json
import os
from typing import Any

import httpx
from rich.table import Table

from infra.cli.console import out, plain, plain_lines, write
from infra.cli.errors import CommandError
from infra.cli.project import local_project

SHOWN = 20  # mails in a list
TIMEOUT = 10.0  # seconds


def run(number: int | None, recipient: str | None, as_json: bool) -> None:
    """Show one mail, or the newest of them (to one address, if given)."""
    project = local_project(os.environ)
    with httpx.Client(base_url=f"{project.url}/mail", timeout=TIMEOUT) as mailbox:
        found = _newest(mailbox, recipient) if number is None else [_one(mailbox, number)]
    if as_json:
        write(json.dumps(found if number is None else found[0], ensure_ascii=False) + "\n")
    elif number is None:
        _list(found)
    else:
        _show(found[0])


def _newest(mailbox: httpx.Client, recipient: str | None) -> list[dict[str, Any]]:
    answer = mailbox.get("/messages", params={"to": recipient or "", "limit": SHOWN})
    answer.raise_for_status()
    found: list[dict[str, Any]] = answer.json()
    return found


def _one(mailbox: httpx.Client, number: int) -> dict[str, Any]:
    answer = mailbox.get(f"/messages/{number}")
    if answer.status_code == httpx.codes.NOT_FOUND:
        raise CommandError(f"There is no mail {number}. See: rivulet mail")
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found


def _list(found: list[dict[str, Any]]) -> None:
    if not found:
        out().print("No mails yet.")
        return
    table = Table("mail", "sent", "to", "subject", "code")
    for mail in found:
        sent = str(mail["sent_at"])[:19].replace("T", " ")
        table.add_row(str(mail["id"]), sent, *(plain(str(mail[name])) for name in ("recipient", "subject", "code")))
    out().print(table)
    out().print("One of them, with its link: rivulet mail NUMBER")


def _show(mail: dict[str, Any]) -> None:
    out().print(plain_lines(f"To {mail['recipient']}, {mail['sent_at']}\n{mail['subject']}\n\n{mail['body']}"))
