"""What people see of their uploads."""

import io

import pytest
from rich.console import Console

from infra.cli.upload_screen import screen_for
from tests.unit.cli.test_board import board, row


@pytest.mark.parametrize("terminal", [False, True])
def test_a_locked_file_that_is_about_to_be_opened_has_not_failed(terminal: bool) -> None:
    def shown(unlocks: bool) -> str:
        output = io.StringIO()
        seen = board()
        seen.accept("L/a.pdf", row(), 1.0)
        with screen_for(Console(file=output, force_terminal=terminal), unlocks) as screen:
            seen.put(row(second=1, status="failed", error_code="encrypted", error_message="It is locked."), 2.0)
            screen.show(seen)
        return output.getvalue()

    assert "It is locked." in shown(unlocks=False)
    assert "locked" not in shown(unlocks=True)
    assert "failed" not in shown(unlocks=True)
