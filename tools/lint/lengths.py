"""Limits the lengths of files and functions."""

import ast
import re

MAX_HEADER = 250
MAX_SOURCE = 450
MAX_FUNCTION = 80

_SOURCES = (".bzl", ".cc", ".py")

# What cannot be code: comments, literals and preprocessor directives.
_NOT_CODE = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<mark>[^(\s]*)\(.*?\)(?P=mark)"'
    r'|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\''
    r'|^[ \t]*#(?:\\\n|[^\n])*',
    re.DOTALL | re.MULTILINE)

_NOT_FUNCTION = re.compile(
    r"^(template\s*<.*>\s*)?"
    r"(namespace|class|struct|union|enum|if|else|for|while|do|switch|try|case"
    r"|default|return|co_return)\b|=\s*$")
_ACCESS = re.compile(r"^(public|private|protected)\s*:\s*")


def _blank(match):
    """Keeps the lines of what is cut out, so that line numbers hold."""
    return re.sub(r"[^\n]", " ", match.group())


def _is_function(before_brace):
    signature = _ACCESS.sub("", before_brace.strip())
    return "(" in signature and not _NOT_FUNCTION.search(signature)


def cc_functions(text):
    """Yields (first line, lines) of each function body with its signature.

    It reads braces, not C++: a block is a function if parentheses come before
    it and nothing says it is something else.
    """
    text = _NOT_CODE.sub(_blank, text)
    blocks = []
    head = 0  # Where the statement began that may turn out a signature.
    depth = 0  # Of parentheses.
    for i, char in enumerate(text):
        if char in "()":
            depth += 1 if char == "(" else -1
        elif char == ";" and not depth:
            head = i + 1
        elif char == "{":
            blocks.append((head, i, depth))
            head, depth = i + 1, 0
        elif char == "}" and blocks:
            head, opened, depth = blocks.pop()
            # Within parentheses or before more of a list of initialisers, it
            # is the end of a block, but not of the statement.
            more = text[i + 1:i + 200].lstrip()[:1] in tuple(",{")
            if not more and _is_function(text[head:opened]):
                start = head + re.match(r"\s*", text[head:]).end()
                first = text.count("\n", 0, start) + 1
                yield first, text.count("\n", start, i) + 1
            if not more and not depth:
                head = i + 1


def python_functions(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.lineno, node.end_lineno - node.lineno + 1


def check(files):
    """Yields what is too long in a tree, given as text by path."""
    for path, text in sorted(files.items()):
        if path.startswith("tests/golden/"):
            continue
        lines = text.count("\n")
        if path.endswith(".h") and lines > MAX_HEADER:
            yield f"{path}: {lines} lines, more than {MAX_HEADER} of a header"
        if path.endswith(_SOURCES) and lines > MAX_SOURCE:
            yield f"{path}: {lines} lines, more than {MAX_SOURCE} of a source"
        functions = ()
        if path.endswith((".cc", ".h")):
            functions = cc_functions(text)
        elif path.endswith(".py"):
            functions = python_functions(text)
        for first, length in functions:
            if length > MAX_FUNCTION:
                yield (f"{path}:{first}: a function of {length} lines, "
                       f"more than {MAX_FUNCTION}")
