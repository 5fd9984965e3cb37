"""Extract the prose of a file, with the line on which each passage begins."""

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from jinja2 import Environment
from jinja2.ext import extract_from_ast
from markdown_it import MarkdownIt
from markdown_it.token import Token

INLINE_CODE = re.compile(r"(`+)[^`]+\1")
QUOTES = re.compile(r"""\A[a-zA-Z]*("{3}|'{3}|"|')(.*)\1\Z""", re.DOTALL)
MARKUP = re.compile(r"<[^<>]*>|%\(\w+\)s")
JINJA_COMMENT = re.compile(r"\{#-?(.*?)-?#\}", re.DOTALL)
WORDS_OF_A_SENTENCE = 3

jinja = Environment(
    extensions=["jinja2.ext.i18n"], trim_blocks=True, lstrip_blocks=True, autoescape=True
)
markdown = MarkdownIt("commonmark").enable("table")


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of prose. Its line breaks are those of the file; code in it is masked."""

    line: int
    text: str


def docstrings_of(source: str) -> Iterator[Passage]:
    """Yield the docstrings of modules, classes, functions and attributes, and the comments."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and _is_docstring(node):
            raw = ast.get_source_segment(source, node) or ""
            yield Passage(node.lineno, _masked(QUOTES.sub(r"\2", raw)))
    yield from _comments_of(source)


def strings_of(source: str) -> Iterator[Passage]:
    """Yield the string literals of three words or more: help, errors, page texts, log messages."""
    tree = ast.parse(source)
    parts = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr) or _is_docstring(node)
        for part in ast.iter_child_nodes(node)
    }
    for node in ast.walk(tree):
        if id(node) in parts:
            continue
        text = _text_of(node)
        if len(text.split()) >= WORDS_OF_A_SENTENCE:
            yield Passage(getattr(node, "lineno", 0), _masked(text))


def markdown_passages_of(source: str) -> Iterator[Passage]:
    """Yield the paragraphs, headings, list items and table cells without code and link targets."""
    for token in markdown.parse(source):
        if token.type == "inline" and token.map:
            text = "".join(_text_of_inline(child) for child in token.children or ())
            yield Passage(token.map[0] + 1, text)


def template_texts_of(source: str) -> Iterator[Passage]:
    """Yield the translatable texts and the comments of a Jinja template."""
    for line, _, message in extract_from_ast(jinja.parse(source)):
        for text in message if isinstance(message, tuple) else (message,):
            if text:
                yield Passage(line, _masked(text, MARKUP))
    for comment in JINJA_COMMENT.finditer(source):
        line = source.count("\n", 0, comment.start()) + 1
        yield Passage(line, _masked(comment[1]))


EXTRACTORS: dict[str, Callable[[str], Iterator[Passage]]] = {
    "docstrings": docstrings_of,
    "strings": strings_of,
    "markdown": markdown_passages_of,
    "templates": template_texts_of,
}


def _is_docstring(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _comments_of(source: str) -> Iterator[Passage]:
    """Comments on consecutive lines are one passage, so that a rule matches across their break."""
    block: list[str] = []
    first = last = column = 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT:
            continue
        row, start = token.start
        is_alone = not token.line[:start].strip()
        if block and not (is_alone and row == last + 1 and start == column):
            yield Passage(first, _masked("\n".join(block)))
            block = []
        if not block:
            first, column = row, start if is_alone else -1
        last = row
        block.append(token.string.lstrip("#! "))
    if block:
        yield Passage(first, _masked("\n".join(block)))


def _text_of(node: ast.AST) -> str:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=values):
            return "".join(_text_of(value) or "…" for value in values)
    return ""


def _text_of_inline(token: Token) -> str:
    match token.type:
        case "text" | "image":
            return token.content
        case "softbreak" | "hardbreak":
            return "\n"
        case "code_inline":
            return "…"
    return ""


def _masked(text: str, what: re.Pattern[str] = INLINE_CODE) -> str:
    """Replace code or markup with an ellipsis, but keep its line breaks."""
    return what.sub(lambda match: "…" + "\n" * match[0].count("\n"), text)
