"""The description of the API: valid, and with every error in the one shape."""

from openapi_spec_validator import validate

METHODS = {"get", "post", "put", "patch", "delete", "head"}


def operations(visit):
    described = visit().get("/api/v1/openapi.json").json
    for path, item in described["paths"].items():
        for method in METHODS & set(item):
            yield described, f"{method} {path}", item[method]


def test_the_description_is_valid_openapi_3_1(visit):
    described = visit().get("/api/v1/openapi.json").json
    assert described["openapi"].startswith("3.1")
    validate(described)


def test_every_operation_says_what_it_does_and_who_may_call_it(visit):
    untold = [
        name
        for _, name, operation in operations(visit)
        if not (operation.get("summary") or operation.get("description")) or "security" not in operation
    ]
    assert untold == []


def test_every_error_has_the_one_shape(visit):
    for described, name, operation in operations(visit):
        for status, response in operation["responses"].items():
            if status < "400" or name.endswith("/health"):
                continue
            at = response
            if "$ref" in response:
                at = described["components"]["responses"][response["$ref"].rsplit("/", 1)[1]]
            content = at.get("content")
            if content is not None:
                assert content["application/json"]["schema"] == {"$ref": "#/components/schemas/Error"}, name
