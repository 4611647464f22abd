"""The OpenAPI document as a page to read: HTML alone, no script, nothing from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any, Final

import msgspec

Json = dict[str, Any]

STYLE: Final = "/docs/style.css"
_CODE: Final = re.compile(r"`([^`]*)`")


def page(document: bytes) -> str:
    """Everything that the document says, by tag; an operation opens at a click."""
    content: Json = msgspec.json.decode(document)
    components: Json = content["components"]
    title = escape(content["info"]["title"])
    sections = "".join(_section(content, components, tag["name"]) for tag in content["tags"])
    links = "".join(
        f'<li><a href="#{escape(tag["name"])}">{escape(tag["name"])}</a></li>'
        for tag in content["tags"]
    )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="icon" href="data:,"><link rel="stylesheet" href="{STYLE}"></head><body><main>'
        f"<h1>{title}</h1><p>{_prose(content['info']['description'])}</p>"
        f"<p>The FHIR base is <code>{escape(content['servers'][0]['url'])}</code>; this page is "
        'made from <a href="/openapi.json">the OpenAPI document</a>.</p>'
        f"<nav><ul>{links}</ul></nav>{sections}{_rights(components)}</main></body></html>"
    )


def _section(content: Json, components: Json, tag: str) -> str:
    operations = "".join(
        _operation(components, path, method, operation)
        for path, methods in content["paths"].items()
        for method, operation in methods.items()
        if tag in operation["tags"]
    )
    return f'<section id="{escape(tag)}"><h2>{escape(tag)}</h2>{operations}</section>'


def _operation(components: Json, path: str, method: str, operation: Json) -> str:
    parameters = "".join(
        _parameter(_resolved(components, each)) for each in operation["parameters"]
    )
    table = (
        f"<table><thead><tr><th>parameter</th><th>in</th><th>value</th><th>meaning</th></tr></thead>"
        f"<tbody>{parameters}</tbody></table>"
        if parameters
        else ""
    )
    answers = "".join(
        f"<li><b>{status}</b> {_prose(_resolved(components, each)['description'])}</li>"
        for status, each in sorted(operation["responses"].items())
    )
    return (
        f'<details id="{escape(operation["operationId"])}"><summary><b>{method.upper()}</b> '
        f"<code>{escape(path)}</code> {escape(operation['summary'])}</summary>"
        f"{table}{_body(operation)}<h3>Answers</h3><ul>{answers}</ul></details>"
    )


def _body(operation: Json) -> str:
    if "requestBody" not in operation:
        return ""
    types = ", ".join(
        f"<code>{escape(media_type)}</code>" for media_type in operation["requestBody"]["content"]
    )
    return f"<p>Body: {types}</p>"


def _parameter(parameter: Mapping[str, Any]) -> str:
    needed = ", required" if parameter.get("required") else ""
    return (
        f"<tr><td><code>{escape(parameter['name'])}</code></td>"
        f"<td>{parameter['in']}{needed}</td><td>{_value(parameter['schema'])}</td>"
        f"<td>{_prose(parameter['description'])}</td></tr>"
    )


def _value(schema: Json) -> str:
    """A schema in a word or two; of many choices the first few."""
    if "$ref" in schema:
        return escape(schema["$ref"].rpartition("/")[2].removeprefix("Search-"))
    if schema.get("type") == "array":
        return f"{_value(schema['items'])}, repeatable"
    choices: list[str] = schema.get("enum", [])
    if choices:
        return " ".join(_choices(choices))
    return escape(str(schema["type"]))


def _choices(choices: list[str]) -> Iterator[str]:
    few = 12
    yield from (f"<code>{escape(each)}</code>" for each in choices[:few])
    if len(choices) > few:
        yield f"and {len(choices) - few} more"


def _rights(components: Json) -> str:
    scheme = components["securitySchemes"]["smart"]
    flows = "".join(
        f"<li>{escape(name)}: "
        + " ".join(f"<code>{escape(scope)}</code>" for scope in flow["scopes"])
        + f", tokens from <code>{escape(flow['tokenUrl'])}</code></li>"
        for name, flow in scheme["flows"].items()
    )
    return (
        f"<section><h2>Rights</h2><p>{_prose(scheme['description'])}</p><ul>{flows}</ul></section>"
    )


def _resolved(components: Json, given: Json) -> Json:
    if "$ref" not in given:
        return given
    _, _, kind, name = given["$ref"].split("/")
    return components[kind][name]


def _prose(text: str) -> str:
    """CommonMark's code spans, the only markup that our descriptions have."""
    return _CODE.sub(r"<code>\1</code>", escape(text))
