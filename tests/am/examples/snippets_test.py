#!/usr/bin/env python3
"""Finds each snippet of the pages in the file that it is said to be from.

    <!-- am/examples/hello_world.cc -->
    ```cpp
    ...
    ```
"""

import pathlib
import re
import textwrap
import unittest

PAGES = ("README.md", "am/control/MIGRATING.md")
EXAMPLES = ("am/examples", "am/control/examples/migrating",
            "am/control/examples/playground")
MAX_LINES = 60  # of an example

_SNIPPET = re.compile(
    r"(?:^<!-- (?P<file>\S+) -->\n)?^```(?:bazel|cpp|proto)\n(?P<text>.*?)^```$",
    re.DOTALL | re.MULTILINE)


def snippets(page):
    """Yields (file or None, text) of the code in a page."""
    text = pathlib.Path(page).read_text(encoding="utf-8")
    for match in _SNIPPET.finditer(text):
        yield match["file"], match["text"]


def contains(source, snippet):
    """Whether the lines stand in the source, indented by whatever."""
    wanted = textwrap.dedent(snippet).rstrip("\n").split("\n")
    lines = source.split("\n")
    for first in range(len(lines) - len(wanted) + 1):
        block = "\n".join(lines[first:first + len(wanted)])
        if textwrap.dedent(block) == "\n".join(wanted):
            return True
    return False


class SnippetsTest(unittest.TestCase):

    def test_snippets_are_from_files_that_compile(self):
        for page in PAGES:
            self.assertTrue(list(snippets(page)))
            for file, text in snippets(page):
                with self.subTest(page=page, file=file):
                    self.assertIsNotNone(file, f"from which file?\n{text}")
                    source = pathlib.Path(file).read_text(encoding="utf-8")
                    self.assertTrue(contains(source, text), text)

    def test_a_changed_snippet_is_found_out(self):
        source = "int main() {\n  Run();\n  Stop();\n}\n"
        self.assertTrue(contains(source, "Run();\nStop();\n"))
        self.assertFalse(contains(source, "Run();\nHalt();\n"))
        self.assertFalse(contains(source, "Run();\n  Stop();\n"))

    def test_examples_are_short(self):
        for folder in EXAMPLES:
            for path in sorted(pathlib.Path(folder).iterdir()):
                if path.suffix in (".cc", ".h", ".proto"):
                    with self.subTest(path=str(path)):
                        lines = path.read_text(encoding="utf-8").count("\n")
                        self.assertLessEqual(lines, MAX_LINES)


if __name__ == "__main__":
    unittest.main()
