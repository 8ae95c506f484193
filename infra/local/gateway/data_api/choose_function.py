"""Which of the functions of one name a call means."""

from difflib import get_close_matches

from infra.local.gateway.data_api.errors import ApiError, NotInCacheError
from infra.local.gateway.data_api.schema import Function, Schema

JSON_TYPES = ("json", "jsonb")


def choose_function(schema: Schema, name: str, names: frozenset[str], posted: bool) -> Function:
    """Return the function that takes the arguments ``names``; raises ApiError (PGRST202, PGRST203).

    A ``posted`` body may also go whole to a function with a single nameless json argument.
    """
    overloads = schema.functions.get(name, [])
    found = [function for function in overloads if _takes(function, names)]
    if not found and posted:
        found = [function for function in overloads if takes_whole_body(function)]
    if not found:
        raise _none(schema, name, names, posted)
    if len(found) > 1:
        raise _several(found)
    return found[0]


def takes_whole_body(function: Function) -> bool:
    """Tell whether the function's only argument is nameless and of a JSON type."""
    arguments = function.arguments
    return len(arguments) == 1 and not arguments[0].name and arguments[0].type in JSON_TYPES


def _takes(function: Function, names: frozenset[str]) -> bool:
    if any(not argument.name for argument in function.arguments):
        return False
    known = {argument.name for argument in function.arguments}
    required = {argument.name for argument in function.arguments if argument.required and not argument.variadic}
    return required <= names <= known


def _none(schema: Schema, name: str, names: frozenset[str], posted: bool) -> NotInCacheError:
    full = f"{schema.name}.{name}"
    listed = ", ".join(sorted(names))
    called = f"{full}({listed})" if names else f"{full} without parameters"
    parameters = f"with parameter{'s' if len(names) > 1 else ''} {listed}" if names else "without parameters"
    whole = " or with a single unnamed json/jsonb parameter" if posted else ""
    return NotInCacheError(
        404,
        "PGRST202",
        f"Could not find the function {called} in the schema cache",
        f"Searched for the function {full} {parameters}{whole}, but no matches were found in the schema cache.",
        _suggestion(schema, name),
    )


def _suggestion(schema: Schema, name: str) -> str | None:
    near = get_close_matches(name, list(schema.functions), 1)
    if not near:
        return None
    function = schema.functions[near[0]][0]
    arguments = ", ".join(argument.name for argument in function.arguments)
    return f"Perhaps you meant to call the function {schema.name}.{near[0]}{f'({arguments})' if arguments else ''}"


def _several(found: list[Function]) -> ApiError:
    return ApiError(
        300,
        "PGRST203",
        "Could not choose the best candidate function between: "
        + ", ".join(function.signature() for function in found),
        None,
        "Try renaming the parameters or the function itself in the database so function overloading can be resolved",
    )
