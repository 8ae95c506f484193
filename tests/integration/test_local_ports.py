"""Choosing ports."""

import socket

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
