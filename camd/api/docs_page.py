"""The document as one page of plain HTML: no script, nothing from elsewhere, and searched with the browser's search."""

import json
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from html import escape
from typing import Any

from camd.api.schemas import Schema

STYLE = (
    ":root{color-scheme:light dark;--ink:#1b1f24;--soft:#59626d;--line:#d5dae0;--paper:#fff;--well:#f4f6f8;"
    "--link:#0b57a4}"
    "@media(prefers-color-scheme:dark){:root{--ink:#e4e8ec;--soft:#a0a9b4;--line:#3a424b;--paper:#15181c;"
    "--well:#1f242a;--link:#7db7f5}}"
    "*{box-sizing:border-box}"
    "body{margin:0;font:1rem/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);"
    "overflow-wrap:anywhere}"
    "a{color:var(--link)}code,pre{font:.9em/1.5 ui-monospace,monospace}"
    "code{background:var(--well);border-radius:3px;padding:.05em .25em}"
    "pre{background:var(--well);border-radius:4px;padding:.7rem;overflow-x:auto;overflow-wrap:normal}"
    "pre code{padding:0}h1{margin:0}h2{margin-top:3rem;border-bottom:2px solid var(--line)}"
    "h3{margin:2rem 0 .3rem;font-size:1.05rem}h4{margin:1rem 0 .2rem;font-size:.9rem;color:var(--soft)}"
    "p{margin:.4rem 0}table{border-collapse:collapse;width:100%}"
    "td{border-top:1px solid var(--line);padding:.3rem .5rem .3rem 0;vertical-align:top}td:first-child{width:32%}"
    ".method{display:inline-block;min-width:4.2em;font-weight:700}.soft{color:var(--soft)}"
    "article:target h3{outline:2px solid var(--link);outline-offset:4px}"
    "header,main,nav{padding:1rem}nav ul{display:none;list-style:none;margin:0;padding:0;font-size:.85rem}"
    "nav h4{display:inline-block;margin:.1rem .6rem .1rem 0;font-size:1rem}"
    "@media(max-width:40rem){td,td:first-child{display:block;width:auto}td+td{border:0;padding-top:0}}"
    "@media(min-width:60rem){body{display:grid;grid-template-columns:21rem minmax(0,56rem);gap:0 2rem}"
    "header{grid-column:2}nav{grid-column:1;grid-row:1/span 2;position:sticky;top:0;height:100vh;overflow-y:auto;"
    "border-right:1px solid var(--line)}nav ul{display:block}nav h4{display:block;margin-top:1rem}}"
)
CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{b64encode(sha256(STYLE.encode()).digest()).decode()}'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)

_CODE = re.compile(r"`([^`]+)`")
_LIMITS: Mapping[str, str] = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "minLength": "at least {} long",
    "maxLength": "at most {} long",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "maxProperties": "at most {} fields",
    "pattern": "like {}",
}
"""Rules of a value as words."""


def page(told: Schema) -> bytes:
    """`told` is the whole document."""
    operations = [
        (path, method, each)
        for path, methods in told["paths"].items()
        for method, each in methods.items()
        if "operationId" in each
    ]
    by_tag = {tag["name"]: [op for op in operations if tag["name"] in op[2]["tags"]] for tag in told["tags"]}
    info, components = told["info"], told["components"]
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width,initial-scale=1">',
        f"<title>camd: the API</title><style>{STYLE}</style></head><body>",
        _menu(by_tag),
        f'<header><h1>camd: the API</h1><p class="soft">Version {escape(info["version"])} · ',
        '<a href="/api/openapi.json">the same for programs (OpenAPI 3.1)</a></p>',
        _paragraphs(info["description"]),
        "<h4>Access</h4>",
        *(_paragraphs(scheme["description"]) for scheme in components["securitySchemes"].values()),
        "</header><main>",
        *(_group(tag, by_tag[tag["name"]], components) for tag in told["tags"]),
        *_webhooks(told.get("webhooks", {})),
        '<section id="about-schemas"><h2>Schemas</h2>',
        *(_schema(name, schema) for name, schema in components["schemas"].items()),
        "</section></main></body></html>",
    ]
    return "\n".join(parts).encode()


def _menu(by_tag: Mapping[str, list[tuple[str, str, Schema]]]) -> str:
    parts = ["<nav>"]
    for name, operations in by_tag.items():
        parts.append(f'<h4><a href="#about-{escape(name)}">{escape(name)}</a></h4><ul>')
        parts += [f'<li><a href="#{op["operationId"]}">{escape(op["summary"])}</a></li>' for _, _, op in operations]
        parts.append("</ul>")
    parts += [f'<h4><a href="#about-{name}">{name}</a></h4>' for name in ("told", "schemas")]
    return "".join((*parts, "</nav>"))


def _group(tag: Schema, operations: Iterable[tuple[str, str, Schema]], components: Schema) -> str:
    name = escape(tag["name"])
    told = [_operation(*operation, components) for operation in operations]
    return "\n".join(
        [f'<section id="about-{name}"><h2>{name}</h2>', _paragraphs(tag["description"]), *told, "</section>"]
    )


def _operation(path: str, method: str, told: Schema, components: Schema) -> str:
    scopes = [scope for way in told.get("security", ()) for names in way.values() for scope in names]
    access = f"Scope <code>{escape(scopes[0])}</code>." if scopes else "No token."
    parts = [
        f'<article id="{told["operationId"]}"><h3><span class="method">{method.upper()}</span> ',
        f"<code>{escape(path)}</code></h3>",
        f'<p>{_text(told["summary"])} <span class="soft">· {access}</span></p>',
    ]
    if parameters := told.get("parameters"):
        rows = [(_named(each["name"], required=each["required"]), _about(each["schema"], each)) for each in parameters]
        parts += ["<h4>Parameters</h4>", _table(rows)]
    if body := told.get("requestBody"):
        parts.append("<h4>Body</h4>")
        for media_type, content in body["content"].items():
            parts.append(f"<p><code>{escape(media_type)}</code> {_kind(content.get('schema', {}))}</p>")
            if "example" in content:
                parts.append(f"<pre><code>{escape(_printed(content['example']))}</code></pre>")
    parts += ["<h4>Answers</h4>", _table(_answers(told["responses"], components)), "</article>"]
    return "".join(parts)


def _answers(responses: Schema, components: Schema) -> Iterator[tuple[str, str]]:
    problems = []
    for status, answer in responses.items():
        if "$ref" in answer:
            problems.append(f'<span title="{escape(components["responses"][status]["description"])}">{status}</span>')
            continue
        kinds = [
            f"<code>{escape(media_type)}</code> {_kind(content['schema'])}"
            for media_type, content in answer.get("content", {}).items()
        ]
        yield f"<code>{status}</code>", f"{_text(answer['description'])} {' '.join(kinds)}"
    if problems:
        yield "problems", f"{', '.join(problems)}: {_link('Problem')}"


def _webhooks(webhooks: Schema) -> Iterator[str]:
    if not webhooks:
        return
    yield '<section id="about-told"><h2>told</h2><p>What camd sends to the endpoints of its configuration.</p>'
    rows = []
    for name, methods in webhooks.items():
        content = methods["post"]["requestBody"]["content"]["application/json"]
        rows.append((f"<code>{escape(name)}</code>", _kind(content["schema"])))
    yield f"{_table(rows)}</section>"


def _schema(name: str, schema: Schema) -> str:
    parts = [f'<article id="schema-{escape(name)}"><h3>{escape(name)}</h3>']
    if "description" in schema:
        parts.append(_paragraphs(schema["description"]))
    if fields := schema.get("properties"):
        required = schema.get("required", ())
        parts.append(_table((_named(field, required=field in required), _about(of)) for field, of in fields.items()))
    else:
        parts.append(f"<p>{_kind(schema)}</p>")
    return "".join((*parts, "</article>"))


def _named(name: str, *, required: bool) -> str:
    return f"<code>{escape(name)}</code>" + (' <span class="soft">required</span>' if required else "")


def _about(schema: Schema, described: Schema | None = None) -> str:
    parts = [_kind(schema)]
    if "default" in schema and schema["default"] is not None:
        parts.append(f'<span class="soft">default</span> <code>{escape(json.dumps(schema["default"]))}</code>')
    if text := _words_of(described or schema):
        parts.append(_text(text))
    return " · ".join(parts)


def _words_of(schema: Schema) -> str:
    """Its own description, else that of what it may be or is a list of."""
    inner = [*schema.get("anyOf", ()), *([schema["items"]] if "items" in schema else [])]
    return schema.get("description") or next(filter(None, map(_words_of, inner)), "")


def _kind(schema: Schema) -> str:
    """A type in words, with its rules."""
    match schema:
        case {"$ref": str(reference)}:
            return _link(reference.rpartition("/")[2])
        case {"anyOf": list(ways)}:
            return " or ".join(_kind(way) for way in ways)
        case {"enum": list(values)}:
            return " · ".join(f"<code>{escape(str(value))}</code>" for value in values)
        case {"const": value}:
            return f"<code>{escape(str(value))}</code>"
        case {"type": "array", "items": dict(items)}:
            return f"list of {_kind(items)}{_limits(schema)}"
        case {"type": "object", "additionalProperties": dict(values)}:
            return f"object of {_kind(values)}{_limits(schema)}"
        case {"type": str(kind)}:
            return f"{escape(schema.get('format', kind))}{_limits(schema)}"
        case _:
            return "anything"


def _limits(schema: Schema) -> str:
    told = [words.format(escape(f"{schema[key]}")) for key, words in _LIMITS.items() if key in schema]
    return f' <span class="soft">{", ".join(told)}</span>' if told else ""


def _link(name: str) -> str:
    return f'<a href="#schema-{escape(name)}">{escape(name)}</a>'


def _table(rows: Iterable[tuple[str, str]]) -> str:
    return f"<table>{''.join(f'<tr><td>{left}</td><td>{right}</td></tr>' for left, right in rows)}</table>"


def _printed(example: Any) -> str:
    return example if isinstance(example, str) else json.dumps(example, ensure_ascii=False, indent=2)


def _paragraphs(text: str) -> str:
    return "".join(f"<p>{_text(each)}</p>" for each in text.split("\n\n"))


def _text(text: str) -> str:
    return _CODE.sub(r"<code>\1</code>", escape(text, quote=False))
