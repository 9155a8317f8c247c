"""What every API view shares: JSON rendering, keyset pages, documented problems."""

import base64
import binascii
from datetime import UTC, datetime
from typing import IO, Any

import orjson
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.exceptions import ValidationError as ModelValidationError
from django.db.models import Model, Q, QuerySet
from django.http import QueryDict
from rest_framework import exceptions, pagination, parsers, renderers, serializers
from rest_framework.request import Request
from rest_framework.response import Response

LONGEST_LIMIT = 9  # digits


class OrjsonRenderer(renderers.BaseRenderer):
    """Render JSON by orjson: UTC instants with offset, UUIDs as text."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(self, data: Any, accepted_media_type: Any = None, renderer_context: Any = None) -> bytes:
        """Return `data` as JSON, nothing at all for an answer without a body."""
        if data is None:
            return b""
        return orjson.dumps(data, default=_plain, option=orjson.OPT_NON_STR_KEYS)  # errors are keyed by index


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return dict(value)
    if isinstance(value, (list, tuple)):
        return list(value)
    return str(value)


class OrjsonParser(parsers.BaseParser):
    """Read JSON by orjson: strict, and bounded in its depth."""

    media_type = "application/json"

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> Any:
        """:raises ParseError, RequestDataTooBig: when it is not JSON in UTF-8, or too much of it."""
        longest = settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0
        body = stream.read(longest + 1)
        if len(body) > longest:
            raise RequestDataTooBig(f"The body is longer than {longest} bytes.")
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise exceptions.ParseError(f"The body is not JSON: {error.msg}.") from error


class QuerySerializer(serializers.Serializer[Any]):
    """What may be asked of a list. An empty value is a value: a variable that a script never set is no "all"."""

    def to_internal_value(self, data: Any) -> Any:
        """Read a query's last values as they are, where a form's empty fields would count as left out."""
        return super().to_internal_value(data.dict() if isinstance(data, QueryDict) else data)


class KeysetPagination(pagination.BasePagination):
    """Pages by the value of the last row (`cursor`), so that any depth costs the same.

    A view names `keyset`, columns of a total order, newest first: `("received_at", "id")`.
    """

    page_size = 50
    max_page_size = 200

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        """Return one page; `self.next` becomes the cursor of the page after it."""
        columns: tuple[str, ...] = view.keyset
        limit = self._limit(request)
        cursor = request.query_params.get("cursor")
        if cursor:
            queryset = after(queryset, columns, decode_cursor(cursor, len(columns)))
        rows = list(queryset.order_by(*(f"-{name}" for name in columns))[: limit + 1])
        more = len(rows) > limit
        rows = rows[:limit]
        self.next = encode_cursor([getattr(rows[-1], name) for name in columns]) if more else None
        return rows

    def _limit(self, request: Request) -> int:
        raw = request.query_params.get("limit", str(self.page_size))
        readable = raw.isascii() and raw.isdecimal() and len(raw) <= LONGEST_LIMIT
        if not readable or not 1 <= int(raw) <= self.max_page_size:
            raise exceptions.ValidationError({"limit": [f"A number from 1 to {self.max_page_size}."]})
        return int(raw)

    def get_paginated_response(self, data: Any) -> Response:
        """Return the page as `{"results": [...], "next": cursor or null}`."""
        return Response({"results": data, "next": self.next})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Describe a page for OpenAPI."""
        properties = {"results": schema, "next": {"type": ["string", "null"]}}
        return {"type": "object", "required": ["results", "next"], "properties": properties}

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """Describe `cursor` and `limit` for OpenAPI."""
        text = {"type": "string", "pattern": "^[A-Za-z0-9_=-]*$"}
        size = {"type": "integer", "minimum": 1, "maximum": self.max_page_size}
        return [
            {"name": "cursor", "in": "query", "schema": text, "description": "`next` of the page before"},
            {"name": "limit", "in": "query", "schema": size, "description": "rows in a page"},
        ]


def encode_cursor(values: list[Any]) -> str:
    """Return an opaque text for the key of a row."""
    return base64.urlsafe_b64encode(orjson.dumps([str(v) for v in values])).decode().rstrip("=")


def decode_cursor(text: str, length: int) -> list[str]:
    """:raises ValidationError: when `text` is no cursor that a page gave out."""
    try:
        values = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError):
        values = None
    key = [value for value in values if isinstance(value, str)] if isinstance(values, list) else []
    if len(key) != length or key != values or any("\0" in value for value in key):
        raise exceptions.ValidationError({"cursor": ["Use `next` of an earlier page, or leave it out."]})
    return key


def after(queryset: QuerySet[Any], columns: tuple[str, ...], values: list[str]) -> QuerySet[Any]:
    """Return the rows behind the one whose key is `values`, newest first."""
    try:
        key = [_value(queryset.model, *pair) for pair in zip(columns, values, strict=True)]
    except (ModelValidationError, ValueError, OverflowError):
        raise exceptions.ValidationError({"cursor": ["Use `next` of an earlier page."]}) from None
    where = Q()
    for depth, (column, value) in enumerate(zip(columns, key, strict=True)):
        where |= Q(**dict(zip(columns[:depth], key[:depth], strict=True)), **{f"{column}__lt": value})
    return queryset.filter(where)


def _value(model: type[Model], column: str, text: str) -> Any:
    """Return a column's value from its text; an instant has its offset and lies within the calendar."""
    value = model._meta.get_field(column).to_python(text)  # type: ignore[union-attr]
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("an instant without offset")
        return value.astimezone(UTC)
    return value


class ProblemSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A problem document (RFC 9457)."""

    type = serializers.CharField()
    code = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()


PROBLEM_SCHEMA = {
    "type": "object",
    "required": ["type", "code", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "code": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
    },
    "additionalProperties": True,
}


ALWAYS = {
    "400": "The request cannot be read, or values are wrong",
    "401": "No credentials that hold",
    "403": "No right to this",
    "406": "No such format to answer in",
    "429": "Too much asked; Retry-After says when again",
    "5XX": "The portal or its database fails",
}
OF_ONE_THING = {"404": "There is no such thing within your lines"}
OF_A_BODY = {
    "409": "Not in this state, or not by you",
    "413": "The body is too long",
    "415": "The body is not JSON",
    "422": "Understood, and it makes no sense here",
}


def require_bodies(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Say of an operation that takes one of several bodies that it takes none of them empty."""
    shapes = result["components"]["schemas"]
    for path in result["paths"].values():
        for operation in path.values():
            for kind in operation.get("requestBody", {}).get("content", {}).values():
                shape = shapes.get(kind["schema"].get("$ref", "").rpartition("/")[2], {})
                one_of = [shapes[one["$ref"].rpartition("/")[2]] for one in shape.get("oneOf", [])]
                if one_of and all(one.get("required") for one in one_of):
                    operation["requestBody"]["required"] = True
    return result


def add_problem_responses(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Document, for every operation, which problems it answers by a problem document."""
    result.setdefault("components", {}).setdefault("schemas", {})["Problem"] = PROBLEM_SCHEMA
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for path, verbs in result["paths"].items():
        for operation in verbs.values():
            told = ALWAYS | (OF_ONE_THING if "{" in path else {})
            told |= OF_A_BODY if "requestBody" in operation else {}
            operation["responses"] |= {
                status: {"description": text, "content": content} for status, text in told.items()
            }
    return result
