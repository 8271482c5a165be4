#!/usr/bin/env python3
"""Copies the package for a release of Swift: git ls-files -z | copy-sources.py FOLDER VERSION

Swift 6.2 refuses a function that has an `inout MutableSpan` beside another span, where 6.3 infers
that the inout span keeps its lifetime. A copy for 6.2 says so with `@_lifetime(x: copy x)`, which changes
no code that is generated, and its Package.swift enables the feature that the attribute needs. Tests
in a process of their own that take values along (`#expect(processExitsWith: .success) { [path] in`)
need 6.3 and are left out. Files that are as they were are not written again, so that a second build
compiles only what has changed.
"""

import os
import pathlib
import re
import shutil
import sys

FUNCTION = re.compile(
    r"^(?P<indent> *)(?P<words>(?:@?\w+(?:\([^()\n]*\))? )*)(?:func [^\s(<]+|init[?!]?)(?=[(<])",
    re.M)
MUTABLE_SPAN = re.compile(r"(\w+)\s*:\s*inout\s+Mutable(?:Raw)?Span\b")
TEST = re.compile(r"^  @Test\b.*?^  \}\n", re.M | re.S)
CAPTURE_IN_EXIT_TEST = re.compile(r"processExitsWith:[^\n]*\{\s*\[")
EXTENSION = re.compile(r"^extension Mutable(?:Raw)?Span\b.*?^\}", re.M | re.S)


def parameters(text, start):
    """What is between the parentheses that open after `start`, without those nested in them."""
    depth, kept = 0, []
    for character in text[text.index("(", start):]:
        depth += character == "("
        if depth == 1:
            kept.append(character)
        depth -= character == ")"
        if depth == 0:
            break
    return "".join(kept)


def with_lifetimes(text):
    extensions = [found.span() for found in EXTENSION.finditer(text)]
    pieces, end = [], 0
    for found in FUNCTION.finditer(text):
        names = MUTABLE_SPAN.findall(parameters(text, found.end()))
        if "mutating" in found["words"].split():
            names += ["self" for start, stop in extensions if start <= found.start() < stop]
        pieces.append(text[end:found.start()])
        pieces += [f"{found['indent']}@_lifetime({name}: copy {name})\n" for name in names]
        end = found.start()
    return "".join(pieces) + text[end:]


def without_captures_in_exit_tests(text):
    return TEST.sub(lambda test: "" if CAPTURE_IN_EXIT_TEST.search(test[0]) else test[0], text)


def copied(path, infers_lifetimes):
    content = path.read_bytes()
    if infers_lifetimes or path.suffix != ".swift":
        return content
    text = with_lifetimes(without_captures_in_exit_tests(content.decode()))
    if str(path) == "Package.swift":
        # 6.2 warns of other unsafe code than 6.3, for which the sources are written.
        settings = ".strictMemorySafety(),"
        assert settings in text
        text = text.replace(settings, '.enableExperimentalFeature("Lifetimes"),')
        text = text.replace("// swift-tools-version: 6.3", "// swift-tools-version: 6.2", 1)
    return text.encode()


def main(folder, version):
    infers_lifetimes = tuple(int(part) for part in version.split(".")[:2]) >= (6, 3)
    names = [name for name in sys.stdin.read().split("\0") if name and os.path.isfile(name)]
    for name in names:
        target = folder / name
        content = copied(pathlib.Path(name), infers_lifetimes)
        if target.is_file() and target.read_bytes() == content:
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        shutil.copymode(name, target)
    kept = set(names)
    for path in [path for path in folder.rglob("*") if not path.is_dir()]:
        if str(path.relative_to(folder)) not in kept:
            path.unlink()


main(pathlib.Path(sys.argv[1]), sys.argv[2])
