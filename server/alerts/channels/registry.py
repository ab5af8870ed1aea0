"""Which kinds of channels there are: every module beside this one that holds a `KIND`."""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache

import server.alerts.channels as room
from server.alerts.channels.kind import BadFields, Kind, Message

FIELD_CHARS_MAX = 500


@cache
def available() -> dict[str, Kind]:
    """name → kind, in the order of their names."""
    modules = [
        importlib.import_module(f"{room.__name__}.{each.name}")
        for each in pkgutil.iter_modules(room.__path__)
    ]
    kinds = [module.KIND for module in modules if isinstance(getattr(module, "KIND", None), Kind)]
    return {kind.name: kind for kind in sorted(kinds, key=lambda each: each.name)}


def check_fields(kind: Kind, fields: Mapping[str, str]) -> None:
    """Whether a channel can be made of these; raises BadFields."""
    known = {field.name: field for field in kind.fields}
    wrong = {name: "unknown" for name in fields if name not in known}
    wrong |= {name: "required" for name, field in known.items() if field.required and not fields.get(name)}
    wrong |= {name: "invalid" for name, value in fields.items() if not _plain(value)}
    if wrong:
        raise BadFields(wrong)
    try:
        kind.build(fields, Message("", "test", drill=False, target="13800000000@example.com"))
    except (ValueError, TypeError) as error:
        named = error.args[0] if error.args and error.args[0] in known else kind.fields[0].name
        raise BadFields({named: "invalid"}) from None


def _plain(value: str) -> bool:
    return len(value) <= FIELD_CHARS_MAX and value.isprintable()
