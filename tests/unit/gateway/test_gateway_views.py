"""Which columns of a view are a table's."""

from infra.local.gateway.data_api.views import parse_origins

ENTRY = (
    "{{TARGETENTRY :expr {{VAR :varno 1 :varattno {column} :location 7}} :resno {number} :resname {name}"
    " :ressortgroupref 0 :resorigtbl {table} :resorigcol {column} :resjunk false}}"
)


def view(*entries: str, before: str = "") -> str:
    return f"({{QUERY :commandType 1 :rtable ({before}) :targetList ({' '.join(entries)}) :override 0}})"


def test_columns_shown_unchanged_name_their_table() -> None:
    shown = ENTRY.format(number=1, name="id", table=16384, column=3)
    computed = ENTRY.format(number=2, name="loud", table=0, column=0)
    assert parse_origins(view(shown, computed)) == {1: (16384, 3)}


def test_a_query_within_is_not_taken_for_the_view() -> None:
    inner = view(ENTRY.format(number=1, name="x", table=99, column=9))
    outer = ENTRY.format(number=1, name="y", table=0, column=0)
    assert parse_origins(view(outer, before=f"{{RANGETBLENTRY :subquery {inner.strip('()')}}}")) == {}


def test_names_with_braces_do_not_confuse() -> None:
    odd = ENTRY.format(number=1, name="a\\{b\\}\\ :resorigtbl\\ 5", table=7, column=1)
    assert parse_origins(view(odd, ENTRY.format(number=2, name="c", table=7, column=2))) == {1: (7, 1), 2: (7, 2)}
