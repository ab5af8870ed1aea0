"""JSON by orjson: UTF-8 unescaped, stored documents passed through as they are."""

from typing import Any

import orjson
from flask import Response
from flask.json.provider import JSONProvider


class OrjsonProvider(JSONProvider):
    """Flask's JSON, both ways. Broken UTF-8 and NaN are refused by orjson itself."""

    def dumps(self, obj: Any, **_kwargs: Any) -> str:
        return orjson.dumps(obj, default=str).decode()

    def loads(self, s: str | bytes, **_kwargs: Any) -> Any:
        return orjson.loads(s)

    def response(self, *args: Any, **kwargs: Any) -> Response:
        body = self._prepare_response_obj(args, kwargs)
        return answer(body)


def answer(body: Any, status: int = 200) -> Response:
    """An answer of JSON; `orjson.Fragment`s inside are written unchanged."""
    return Response(orjson.dumps(body, default=str), status, mimetype="application/json")
