"""Requests made up from the API's own description, thrown at the real app by everybody who may call it.

`make test` throws a few at every operation, always the same ones (test_fuzz.py; `JIBAN_TEST_EXAMPLES` says how many).
By hand, as many as wanted: `python -m tests.api.fuzz --examples 500 [--only "POST /api/v1/sync/push"] [--seed 7]`.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from server.api import pokes
from server.api.context import Parts
from server.config import Settings
from server.demo.people import CAST, INTAKE_KEY
from tests.api import fuzz_town
from tests.api.fuzz_town import Known, Signed
from tests.api.test_photos import OCTETS
from tests.town import town_at

DESCRIPTION = "/api/v1/openapi.json"
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
USERNAMES = {each.role: each.username for each in reversed(CAST) if each.username in fuzz_town.PEOPLE}
STRANGER_EVERY = 8  # one request of so many comes from somebody who may not call this, or from nobody
PLAIN = {"Accept-Encoding": "identity"}  # the transport undoes no compression
HEALTH = ("/api/v1/health",)


@schemathesis.serializer(OCTETS)
def _octets(_ctx: Any, value: Any) -> bytes:
    return value if isinstance(value, bytes) else json.dumps(value).encode()


class Fuzz:
    """A town that is put back for each operation, and the requests that are thrown at it."""

    def __init__(self, app: Flask, template: Path) -> None:
        self.app = app
        self.template = template
        self.known = Known.load(template)
        self.client = app.test_client(use_cookies=False)
        self.schema = schemathesis.openapi.from_wsgi(DESCRIPTION, app)
        self.statuses: dict[int, int] = {}

    def put_back(self) -> None:
        """The town as it was at first; the app and its description, which cost a second, stay."""
        parts: Parts = self.app.extensions["jiban"]
        parts.engine.dispose()
        fuzz_town.copy(self.template, parts.settings.data)
        self.app.extensions["jiban"] = Parts(parts.settings, parts.engine)
        self.statuses = {}

    def operation(self, label: str) -> Any:
        found = self.schema.find_operation_by_label(label)
        assert found is not None, label
        return found

    def labels(self, tag: str | None = None) -> list[str]:
        """The operations, or those of one blueprint."""
        every = (each.ok() for each in self.schema.get_all_operations())
        return [each.label for each in every if tag is None or tag in (each.tags or [])]

    def callers(self, operation: Any) -> list[str]:
        """Who may call it: user names, `intake` for the key, `nobody`."""
        described = operation.definition.raw
        ways = {name for way in described["security"] for name in way}
        people = [USERNAMES[role] for role in described.get("x-roles", []) if role in USERNAMES]
        people = people or list(fuzz_town.PEOPLE)
        return (people if "session" in ways else []) + (["intake"] if "intake" in ways else []) or ["nobody"]

    def headers(self, caller: str) -> dict[str, str]:
        if caller == "intake":
            return {"Authorization": f"Bearer {INTAKE_KEY}"}
        if caller == "nobody":
            return {}
        signed = self.known.sessions[caller]
        return {"X-CSRF-Token": signed.csrf}  # the cookie goes beside it

    def cookies(self, caller: str) -> dict[str, str]:
        signed = self.known.sessions.get(caller)
        return {"jiban_session": signed.cookie} if signed else {}

    def throw(self, operation: Any, mode: GenerationMode, data: Any) -> None:
        """One request, and a look at its answer."""
        callers = self.callers(operation)
        anybody = [*fuzz_town.PEOPLE, "intake", "nobody"]
        stranger = data.draw(st.integers(1, STRANGER_EVERY)) == STRANGER_EVERY
        caller = data.draw(st.sampled_from(anybody if stranger else callers), label="caller")
        case = data.draw(operation.as_strategy(generation_mode=mode), label="case")
        self.make_likely(operation, case, self.known.sessions.get(caller), data)
        language = data.draw(st.sampled_from([{}, {"Accept-Language": "en"}]))
        response = case.call(
            headers={**PLAIN, **self.headers(caller), **language}, cookies=self.cookies(caller)
        )
        self.statuses[response.status_code] = self.statuses.get(response.status_code, 0) + 1
        case.validate_response(response, checks=[*CHECKS])
        if response.status_code >= 400 and case.path not in HEALTH and case.method.upper() != "HEAD":
            has_one_shape(response)

    def make_likely(self, operation: Any, case: Any, who: Signed | None, data: Any) -> None:
        """Put real ids where made-up ones would never get past "not found"."""
        for name in list(case.path_parameters or {}):
            values = self.known.values.get(name)
            if values and data.draw(st.integers(0, 3)) < 3:
                case.path_parameters[name] = data.draw(st.sampled_from(values), label=name)
        if operation.path == "/api/v1/sync/push" and who and data.draw(st.integers(0, 3)) < 3:
            case.body = data.draw(fuzz_town.push_body(self.known, who), label="push")
        elif operation.path == "/api/v1/sync/pull" and who and isinstance(case.body, dict):
            case.body = {**case.body, "user": who.person, "device": who.device}
        if operation.headers.get("Tus-Resumable"):
            for name, likely in fuzz_town.tus_headers(self.known).items():
                if operation.headers.get(name) and data.draw(st.integers(0, 7)) < 7:
                    case.headers[name] = data.draw(likely, label=name).encode().decode("latin-1")
        if "device_id" in (case.path_parameters or {}) and who and data.draw(st.booleans()):
            case.path_parameters["device_id"] = who.device


def has_one_shape(response: Any) -> None:
    """The one error shape, with a code and words."""
    body = response.json()
    assert set(body) == {"error"}, body
    assert set(body["error"]) == {"code", "message", "details"}, body
    assert body["error"]["code"], body
    assert body["error"]["message"] not in {"", body["error"]["code"]}, body


@contextmanager
def fuzzing(template: Path, folder: Path) -> Iterator[Fuzz]:
    """A copy of the town of its own in `folder`."""
    fuzz_town.copy(template, folder)
    life_s, pokes.LIFE_S = pokes.LIFE_S, 0.0  # a stream that says hello and ends
    try:
        with town_at(Settings(data=folder, demo=True)) as town:
            town.app.testing = False
            yield Fuzz(town.app, template)
    finally:
        pokes.LIFE_S = life_s


def run(fuzz: Fuzz, label: str, examples: int, number: int | None = None) -> None:
    """So many requests of each kind, right ones and wrong ones; raises at the first bad answer, made small."""
    fuzz.put_back()
    operation = fuzz.operation(label)
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
        try:
            _thrower(fuzz, operation, mode, examples, number)()
        except Unsatisfiable:
            assert mode == GenerationMode.NEGATIVE, label  # what takes nothing cannot be called wrongly


def _thrower(fuzz: Fuzz, operation: Any, mode: GenerationMode, examples: int, number: int | None) -> Any:
    @settings(
        max_examples=examples,
        derandomize=number is None,
        database=None,
        deadline=None,
        phases=[Phase.generate, *([Phase.shrink] if number is not None else [])],
        suppress_health_check=list(HealthCheck),
    )
    @given(data=st.data())
    def throw(data: Any) -> None:
        fuzz.throw(operation, mode, data)

    return throw if number is None else seed(number)(throw)


def _told(error: BaseException) -> str:
    inner = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    return "\n".join([str(error), *map(_told, inner)])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=200, help="of each kind per operation")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", help='one operation, e.g. "POST /api/v1/sync/push"')
    asked = parser.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory() as place:
        template, folder = Path(place, "template"), Path(place, "town")
        fuzz_town.settle(template)
        with fuzzing(template, folder) as fuzz:
            wanted = [asked.only] if asked.only else fuzz.labels()
            for label in wanted:
                try:
                    run(fuzz, label, asked.examples, asked.seed)
                except (Exception, BaseExceptionGroup) as error:  # noqa: BLE001 - told, and the next is tried
                    failed += 1
                    print(f"FAILED {label} {dict(sorted(fuzz.statuses.items()))}\n{_told(error)}")
                else:
                    print(f"ok {label} {dict(sorted(fuzz.statuses.items()))}")
    print(f"{len(wanted) - failed} operations answered as described, {failed} did not; seed {asked.seed}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
