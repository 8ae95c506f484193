"""The server does not start without its settings, and names them."""

import subprocess

from infra.local import ports, web_build, web_node


def test_it_names_what_is_missing() -> None:
    code, said = _start(NEXT_PUBLIC_SUPABASE_ANON_KEY="sb_publishable_x")
    assert code != 0
    assert "NEXT_PUBLIC_SUPABASE_URL is missing: the address of your Supabase project" in said


def test_it_refuses_a_secret_key() -> None:
    code, said = _start(NEXT_PUBLIC_SUPABASE_URL="https://x.supabase.co", NEXT_PUBLIC_SUPABASE_ANON_KEY="sb_secret_x")
    assert code != 0
    assert "holds a secret key" in said


def _start(**settings: str) -> tuple[int, str]:
    node = web_node.find()
    assert node is not None, web_node.missing()
    ended = subprocess.run(
        [node.program, web_build.SERVER],
        env={"PORT": str(ports.any_free()), "HOSTNAME": "127.0.0.1", "NODE_ENV": "production", **settings},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return ended.returncode, ended.stdout + ended.stderr
