"""The OpenAPI 3.1 description: components that every route shares, and the errors any of them may answer."""

import threading
from typing import Any

from flask import Flask
from flask_smorest import Api, Blueprint
from flask_smorest.spec import openapi_cli
from marshmallow import Schema, fields

from server.api.sync_shapes import DOCUMENT_SHAPES
from server.config import VERSION


class ErrorBody(Schema):
    code = fields.String(required=True)
    message = fields.String(required=True, metadata={"description": "for a person, in his language"})
    details = fields.Dict(keys=fields.String(), required=True)


class Error(Schema):
    error = fields.Nested(ErrorBody, required=True)


RESPONSES = {
    "BadRequest": "The request cannot be read: broken JSON, compression or parameters",
    "Unauthenticated": "Nobody is signed in, or the key is not one of ours",
    "Forbidden": "`csrf`, a role that may not, or a first password that must be changed",
    "NotFound": "There is no such thing, or not for this reader",
    "MethodNotAllowed": "The address knows other methods, named in `Allow`",
    "Conflict": "It does not fit what is there",
    "TooLarge": "The body is larger than this route takes",
    "WrongType": "The body is of another type than this route takes",
    "Invalid": "A field is missing, unknown or wrong; `details.fields` says which",
    "TooMany": "Too many attempts; `Retry-After` says when to come back",
    "ServerError": "A fault of ours",
    "Unavailable": "`database_unavailable`, `disk_full` or busy; `Retry-After` says when to come back",
}
# What any route may answer, whatever it does; and what comes with a body.
EVERYWHERE = {"400": "BadRequest", "404": "NotFound", "500": "ServerError", "503": "Unavailable"}
ERROR_CONTENT = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
WITH_BODY = {"413": "TooLarge", "415": "WrongType", "422": "Invalid"}


class DescribedApi(Api):  # type: ignore[misc]  # flask-smorest is untyped
    """flask-smorest's API, which describes its routes when somebody first asks for the description.

    Few processes are ever asked, and describing every route takes longer than all the rest of the start.
    """

    ERROR_SCHEMA = Error  # in the place of smorest's own

    def __init__(self, app: Flask) -> None:
        self._blueprints: list[Blueprint] = []
        self._spec: Any = None
        self._describing = threading.RLock()  # a route being described looks at the description so far
        super().__init__(app)

    @property
    def spec(self) -> Any:
        """The whole description, an apispec.APISpec."""
        with self._describing:
            if self._spec is None:
                self._describe()
            return self._spec

    @spec.setter
    def spec(self, made: Any) -> None:
        self._spec = made

    def register_blueprint(self, blp: Blueprint, **options: Any) -> None:
        """Its routes now, their description later."""
        self._app.extensions["flask-smorest"]["blp_name_to_api"][blp.name] = self
        self._app.register_blueprint(blp, **options)
        self._blueprints.append(blp)

    def _init_spec(self, **_: Any) -> None:
        """Called by smorest at the start, which is too early for more than its commands."""
        self._app.cli.add_command(openapi_cli)

    def _describe(self) -> None:
        try:
            super()._init_spec()
            _name_components(self._spec.components)
            for blp in self._blueprints:
                blp.register_views_in_doc(self, self._app, self._spec, name=blp.name, parameters=None)
                self._spec.tag({"name": blp.name, "description": blp.description})
            _document_errors(self._spec)
        except BaseException:
            self._spec = None  # half of a description would look like a whole one
            raise


def make_api(app: Flask) -> DescribedApi:
    """The flask-smorest API of the app; its blueprints are still to be registered."""
    app.config.update(
        API_TITLE="即办 Jiban",
        API_VERSION=VERSION,
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/api/v1",
        OPENAPI_JSON_PATH="openapi.json",
        API_SPEC_OPTIONS={
            "info": {
                "description": "Hotline tickets from the call to the reply. The sync wire: sync/PROTOCOL.md."
            },
            "servers": [{"url": "/"}],
        },
    )
    return DescribedApi(app)


def _name_components(components: Any) -> None:
    components.security_scheme("session", {"type": "apiKey", "in": "cookie", "name": "jiban_session"})
    components.security_scheme("intake", {"type": "http", "scheme": "bearer"})
    for name, description in RESPONSES.items():
        components.response(name, _response(description))
    for shape in DOCUMENT_SHAPES:
        components.schema(shape.__name__, schema=shape)


def _response(description: str) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": Error}}}


def _document_errors(spec: Any) -> None:
    """Add to every operation the errors that come from below it: parsing, limits, storage, faults."""
    for path, operations in spec._paths.items():
        for method, operation in operations.items():
            if method not in {"get", "post", "put", "patch", "delete", "head"}:
                continue
            _join_form_fields(spec, operation)
            common = dict(EVERYWHERE)
            if "requestBody" in operation:
                common |= WITH_BODY
            if operation.get("parameters") or "{" in path:
                common["422"] = "Invalid"
            responses = operation.setdefault("responses", {})
            for status, name in common.items():
                # Smorest documents its own idea of an error for 422; ours has one shape.
                if status == "422" or status not in responses:
                    responses[status] = {"$ref": f"#/components/responses/{name}"}
            responses.pop("default", None)
            for status, response in responses.items():
                if str(status) >= "400" and "$ref" not in response and method != "head":
                    response.setdefault("content", ERROR_CONTENT)


def _join_form_fields(spec: Any, operation: dict[str, Any]) -> None:
    """Smorest describes one body only; plain fields beside an uploaded file would be left as OpenAPI 2's."""
    beside = [each for each in operation.get("parameters", []) if each.get("in") == "formData"]
    if not beside:
        return
    operation["parameters"] = [each for each in operation["parameters"] if each not in beside]
    (described,) = operation["requestBody"]["content"].values()
    files = spec.components.schemas[described["schema"]["$ref"].rsplit("/", 1)[1]]
    # One closed object: of two closed ones joined by `allOf` nothing could ever satisfy both.
    schema = {
        "type": "object",
        "properties": files["properties"] | {each["name"]: each["schema"] for each in beside},
        "required": [*files.get("required", []), *(each["name"] for each in beside if each.get("required"))],
        "additionalProperties": False,
    }
    operation["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": schema}}}
