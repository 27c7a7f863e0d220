"""What the documentation page shows of the hot routes: they carry no models that it could be made from."""

from typing import Any  # Any: JSON

_OBJECT = {"type": "object"}
_ITEM: dict[str, Any] = {
    "type": "object",
    "properties": {
        "type": {"type": "string", "enum": ["identify", "track", "page", "screen", "group", "alias"]},
        "messageId": {"type": "string", "maxLength": 100, "description": "your id; the same twice is one touchpoint"},
        "userId": {"type": "string", "maxLength": 255},
        "anonymousId": {"type": "string", "maxLength": 255},
        "previousId": {"type": "string", "description": "alias: the id that userId replaces"},
        "groupId": {"type": "string", "description": "group: company or household"},
        "event": {"type": "string", "maxLength": 255, "description": "track: what happened"},
        "name": {"type": "string"},
        "properties": _OBJECT,
        "traits": _OBJECT,
        "context": _OBJECT,
        "timestamp": {"type": "string", "format": "date-time"},
        "sentAt": {"type": "string", "format": "date-time"},
    },
    "example": {"userId": "u-1", "event": "Order Completed", "properties": {"total": 12.5}},
}
_BATCH = {
    "type": "object",
    "required": ["batch"],
    "properties": {
        "batch": {"type": "array", "items": {"$ref": "#/components/schemas/Item"}},
        "sentAt": {"type": "string", "format": "date-time"},
        "context": _OBJECT,
        "writeKey": {"type": "string"},
    },
}
_STORED = {
    "type": "object",
    "properties": {
        "success": {"type": "boolean"},
        "accepted": {"type": "integer"},
        "rejected": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "index": {"type": "integer"},
                    "code": {"type": "string"},
                    "message": {"type": "string"},
                },
            },
        },
    },
}
_ERROR = {"type": "object", "properties": {"code": {"type": "string"}, "message": {"type": "string"}}}
_ANSWERS = {
    "200": ("Stored by Kafka. A bad item of a batch is named here and costs none of the others.", "Stored"),
    "400": ("The body cannot be read, or the one item cannot be used.", "Error"),
    "401": ("No write key, or an unknown one.", "Error"),
    "403": ("The source is disabled, or the origin not allowed.", "Error"),
    "413": ("The request, or the one item, is too large.", "Error"),
    "503": ("Not stored: send it again after Retry-After seconds.", "Error"),
}
_CALLS = {
    "batch": ("Several items at once", "Batch"),
    "track": ("Something happened", "Item"),
    "identify": ("Who somebody is", "Item"),
    "page": ("A page was seen", "Item"),
    "screen": ("A screen was seen", "Item"),
    "group": ("Somebody belongs to a company or household", "Item"),
    "alias": ("One id replaces another", "Item"),
}


def document(version: str) -> dict[str, Any]:
    """The OpenAPI document of this version."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Waypost ingest", "version": version, "description": _DESCRIPTION},
        "paths": {f"/v1/{path}": {"post": _operation(path, *call)} for path, call in _CALLS.items()},
        "components": {
            "schemas": {"Item": _ITEM, "Batch": _BATCH, "Stored": _STORED, "Error": _ERROR},
            "securitySchemes": {
                "basic": {"type": "http", "scheme": "basic", "description": "The write key as user name, no password"},
                "header": {"type": "apiKey", "in": "header", "name": "X-Write-Key"},
            },
        },
        "security": [{"basic": []}, {"header": []}],
    }


_DESCRIPTION = "Segment's HTTP contract: unmodified SDKs work with nothing changed but their host."


def _operation(path: str, summary: str, schema: str) -> dict[str, Any]:
    return {
        "operationId": path,
        "summary": summary,
        "requestBody": {"required": True, "content": _content(schema)},
        "responses": {
            status: {"description": text, "content": _content(answer)} for status, (text, answer) in _ANSWERS.items()
        },
    }


def _content(schema: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
