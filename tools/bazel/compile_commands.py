#!/usr/bin/env python3
"""Writes compile_commands.json from what Bazel would run.

usage: compile_commands.py, in the root of the workspace, after a build
"""

import json
import os
import shlex
import subprocess

# Flags of GCC that Clang's tools refuse.
GCC_ONLY = ("-fno-canonical-system-headers", "-Wno-free-nonheap-object",
            "-Wunused-but-set-parameter")


def bazel(*arguments):
    startup = shlex.split(os.environ.get("AM_BAZEL_STARTUP", ""))
    return subprocess.run(
        ["bazel", *startup, *arguments], check=True, text=True,
        stdout=subprocess.PIPE).stdout


def compile_command(action, execution_root):
    """Returns the entry of a CppCompile action; None if not of this project."""
    arguments = [a for a in action["arguments"] if a not in GCC_ONLY]
    source = arguments[arguments.index("-c") + 1]
    if source.startswith("external/"):
        return None
    # By their real path tools find .clang-tidy, and the editor its file.
    file = source
    if not source.startswith("bazel-out/"):
        file = os.path.abspath(source)
    return {
        "directory": execution_root,
        "file": file,
        "arguments": [file if a == source else a for a in arguments],
    }


def main():
    execution_root = bazel("info", "--noshow_progress", "execution_root").strip()
    actions = json.loads(bazel(
        "aquery", "--output=jsonproto", "--noshow_progress",
        "--ui_event_filters=-info",
        'mnemonic("CppCompile", //...)')).get("actions", [])
    commands = {}
    for action in actions:
        command = compile_command(action, execution_root)
        if command:
            commands.setdefault(command["file"], command)
    with open("compile_commands.json", "w", encoding="utf-8") as file:
        json.dump(list(commands.values()), file, indent=1)
    print(f"compile_commands.json: {len(commands)} files")


if __name__ == "__main__":
    main()
