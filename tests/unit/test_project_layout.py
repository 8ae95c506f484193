"""What must hold of the checkout itself."""

import re
import tomllib

from infra.local import state
from infra.local.gateway.auth import passwords


def test_the_supabase_folder_holds_no_python_and_so_hides_no_package() -> None:
    assert not list((state.CHECKOUT / "supabase").rglob("*.py"))


def test_the_supabase_cli_finds_the_migrations() -> None:
    link = state.CHECKOUT / "supabase" / "migrations"
    assert link.is_symlink()
    assert link.resolve() == (state.CHECKOUT / "migrations").resolve()


def test_a_password_is_as_long_as_the_form_says_wherever_one_signs_up() -> None:
    config = tomllib.loads((state.CHECKOUT / "supabase" / "config.toml").read_text())
    form = (state.CHECKOUT / "frontend" / "src" / "auth" / "password-form.tsx").read_text()
    said = re.search(r"SHORTEST_PASSWORD = (\d+);", form)
    assert said is not None
    assert {passwords.LENGTH_MIN, config["auth"]["minimum_password_length"]} == {int(said[1])}
