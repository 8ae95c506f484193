"""What must hold of the checkout itself."""

from infra.local import state


def test_the_supabase_folder_holds_no_python_and_so_hides_no_package() -> None:
    assert not list((state.CHECKOUT / "supabase").rglob("*.py"))


def test_the_supabase_cli_finds_the_migrations() -> None:
    link = state.CHECKOUT / "supabase" / "migrations"
    assert link.is_symlink()
    assert link.resolve() == (state.CHECKOUT / "migrations").resolve()
