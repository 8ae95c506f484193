"""The FROM item that calls a function with a request's arguments."""
# ruff: noqa: S608 - only quoted names and places of parameters are put into the text

from infra.local.gateway.data_api.choose_function import takes_whole_body
from infra.local.gateway.data_api.errors import unsupported
from infra.local.gateway.data_api.render import Values, quote
from infra.local.gateway.data_api.schema import Function

SCALAR = "pgrst_scalar"  # the column of a function that returns no row type


def posted_call_sql(function: Function, names: frozenset[str], raw: bytes, values: Values) -> str:
    """Return the SELECT of a call whose arguments are the members of the JSON object ``raw``."""
    target = quote(function.schema, function.name)
    if takes_whole_body(function):
        return _select(function, f"{target}({values.place(raw)}::{function.arguments[0].type})", "")
    given = [argument for argument in function.arguments if argument.name in names]
    if not given:
        return _select(function, f"{target}()", "")
    types = ", ".join(f"{quote(argument.name)} {argument.type}" for argument in given)
    named = ", ".join(
        f"{'VARIADIC ' if argument.variadic else ''}{quote(argument.name)} := body.{quote(argument.name)}"
        for argument in given
    )
    origin = f"json_to_record({values.place(raw)}::json) AS body({types}), LATERAL "
    return _select(function, f"{target}({named})", origin)


def queried_call_sql(function: Function, arguments: list[tuple[str, str]], values: Values) -> str:
    """Return the SELECT of a call whose arguments stand in the query string."""
    types = {argument.name: argument for argument in function.arguments}
    if any(types[name].variadic for name, _ in arguments):
        raise unsupported("Calling a variadic function with GET")
    latest = dict(arguments)
    named = ", ".join(f"{quote(name)} := {values.place(value)}::{types[name].type}" for name, value in latest.items())
    return _select(function, f"{quote(function.schema, function.name)}({named})", "")


def _select(function: Function, call: str, origin: str) -> str:
    if function.is_composite:
        return f"SELECT call.* FROM {origin}{call} AS call"
    return f"SELECT call.{SCALAR} FROM {origin}{call} AS call({SCALAR})"
