"""The HTTP functions as an OpenAPI 3.1 document."""

import json
from typing import Any

from local.docs.reference import ERRORS, Parameter, Reference, reference_of
from local.testing.events import RACE
from raceday.catalogue.functions import FUNCTIONS, FunctionFacts

EXAMPLES: dict[str, Any] = {"raceId": RACE, "raceIds": [RACE], "date": "2026-02-14", "due": True}


def openapi_text() -> str:
    """Return the document as JSON."""
    return json.dumps(openapi(), indent=1) + "\n"


def openapi() -> dict[str, Any]:
    """Return the document: one path per function that callers reach on HTTP with the secret."""
    served = [f for f in FUNCTIONS if reference_of(f.name).methods]
    return {
        "openapi": "3.1.0",
        "info": {"title": "RaceDay functions", "version": "1", "license": {"name": "MIT", "identifier": "MIT"}},
        "servers": [{"url": "{host}/api/v1/web/{namespace}/raceday", "variables": {
            "host": {"default": "https://faas-syd1-example.doserverless.io"}, "namespace": {"default": "fn-example"},
        }}],
        "security": [{"webSecret": []}],
        "paths": {f"/{f.name}": _path(f, reference_of(f.name)) for f in served},
        "components": {
            "securitySchemes": {"webSecret": {"type": "apiKey", "in": "header", "name": "X-Require-Whisk-Auth"}},
            "schemas": {"Error": _error_schema()},
        },
    }  # fmt: skip


def _path(facts: FunctionFacts, reference: Reference) -> dict[str, Any]:
    return {method: _operation(facts, reference, method) for method in reference.methods}


def _operation(facts: FunctionFacts, reference: Reference, method: str) -> dict[str, Any]:
    told: dict[str, Any] = {
        "operationId": f"{method}-{facts.name}",
        "summary": facts.does,
        "responses": {"200": _answer(reference), **{str(s): _error(means) for s, _, means in ERRORS}},
    }
    if method == "get":
        told["parameters"] = [
            {"name": p.name, "in": "query", "required": False, "description": p.about, "schema": {"type": "string"}}
            for p in reference.parameters
            if p.name != "slots"
        ]
        return told
    properties = {p.name: _schema(p) for p in reference.parameters}
    schema = {"type": "object", "properties": properties}
    example = {"raceId": RACE}
    told["requestBody"] = {"content": {"application/json": {"schema": schema, "example": example}}}
    return told


def _schema(parameter: Parameter) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": parameter.kind, "description": parameter.about}
    if parameter.name == "raceIds":
        schema = {"type": ["array", "string"], "items": {"type": "string"}, "description": parameter.about}
    if parameter.name in EXAMPLES:
        schema["examples"] = [EXAMPLES[parameter.name]]
    return schema


def _answer(reference: Reference) -> dict[str, Any]:
    members = reference.http_answer or reference.answer
    properties = {name: {"description": about} for name, about in members}
    schema = {"type": "object", "properties": properties, "required": [members[0][0]]}
    return {"description": "Done", "content": {"application/json": {"schema": schema}}}


def _error(means: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Error"}
    return {"description": means, "content": {"application/json": {"schema": schema}}}


def _error_schema() -> dict[str, Any]:
    inside = {"kind": {"type": "string"}, "message": {"type": "string"}, "activation": {"type": "string"}}
    error = {"type": "object", "properties": inside, "required": ["kind", "message"]}
    return {"type": "object", "properties": {"error": error}, "required": ["error"]}
