"""Choosing ports."""

import socket
import subprocess
import sys

from infra.local import ports


def test_the_usual_port_is_taken_when_free_and_another_when_not() -> None:
    usual = ports.any_free()
    assert ports.choose(usual) == usual
    with socket.socket() as other:
        other.bind((ports.HOST, usual))
        other.listen()
        chosen = ports.choose(usual)
    assert chosen != usual
    assert ports.is_free(chosen)


def test_what_another_has_chosen_and_not_yet_taken_is_not_chosen_until_it_ends() -> None:
    usual = ports.any_free()
    choose = f"from infra.local import ports; print(ports.choose({usual}), flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", choose], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert int(other.stdout.readline()) == usual
        assert ports.choose(usual) != usual
        other.communicate("\n")
    assert ports.choose(usual) == usual
