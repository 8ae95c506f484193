"""The table of coverage says what the suite shows."""

from tests.contract import coverage


def test_the_table_is_up_to_date() -> None:
    assert coverage.main(["--check"]) == 0


def test_every_area_and_standing_has_rows() -> None:
    text = coverage.render()
    for title in coverage.AREAS.values():
        section = text.split(f"## {title}\n")[1].split("\n## ")[0]
        assert section.count("\n| ") > 2, title
    for standing in ("| supported |", "| refused |", "| differs: "):
        assert standing in text
