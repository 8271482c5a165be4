#!/usr/bin/env python3
"""Writes the manual page of the command to stdout, from what the command says of itself:

    manual.py PATH_OF_DEPTHVLA
"""
import datetime
import json
import os
import subprocess
import sys


def text(words):
    """Words as roff prints them: hyphens stay hyphens, and no line is a request."""
    escaped = words.replace("\\", "\\e").replace("-", "\\-")
    escaped = "".join(c if c.isascii() else f"\\[u{ord(c):04X}]" for c in escaped)
    return "\\&" + escaped if escaped[:1] in (".", "'") else escaped


def discussion(words):
    """Paragraphs; blocks with an indented line, such as examples, stay as they are."""
    for block in words.strip("\n").split("\n\n"):
        lines = block.split("\n")
        yield ".PP"
        if any(line.startswith("  ") for line in lines) or "   " in block:
            yield ".nf"
            yield from map(text, lines)
            yield ".fi"
        else:
            yield text(" ".join(lines))


def option_name(name):
    return ("-" if name["kind"] == "short" else "--") + name["name"]


def argument(one):
    """An option or a place, with what is said of it."""
    place = f"\\fI{text(one['valueName'])}\\fR"
    if one["kind"] == "positional":
        yield ".TP\n" + place
    else:
        names = ", ".join(f"\\fB{text(option_name(name))}\\fR" for name in one["names"])
        yield ".TP\n" + names + ("" if one["kind"] == "flag" else " " + place)
    said = one.get("abstract", "")
    values = [value for value in one.get("allValues", []) if value not in said]
    if values:
        said += f" One of {', '.join(one['allValues'])}."
    if one.get("defaultValue") and "default" not in said:
        said += f" The default is {one['defaultValue']}."
    yield text(said.strip() or "See above.")


def arguments(of):
    """All of them, in the groups that the help shows."""
    groups = {}
    for one in of:
        if one["shouldDisplay"] and one["valueName"] not in ("help", "version"):
            groups.setdefault(one.get("sectionTitle", ""), []).append(one)
    for title, members in groups.items():
        if title:
            yield f".PP\n\\fI{text(title)}\\fR"
        for one in members:
            yield from argument(one)


def usage(name, command):
    places = [one for one in command["arguments"] if one["kind"] == "positional"]
    words = [
        f"\\fI{text(one['valueName'])}\\fR" + (" ..." if one["isRepeating"] else "")
        for one in places
    ]
    return f"\\fBdepthvla {text(name)}\\fR " + " ".join(words + ["[\\fIoptions\\fR]"])


def page(tool, version):
    root = tool["command"]
    commands = [one for one in root["subcommands"] if one["commandName"] != "help"]
    # The day of the commit, so that a release is the same each time it is built.
    day = os.environ.get("SOURCE_DATE_EPOCH")
    now = datetime.datetime.now(datetime.timezone.utc)
    date = datetime.datetime.fromtimestamp(int(day), datetime.timezone.utc) if day else now
    yield f'.TH DEPTHVLA 1 "{date:%Y-%m-%d}" "depthvla {text(version)}" "User Commands"'
    abstract = root["abstract"].rstrip(".")
    yield ".SH NAME\ndepthvla \\- " + text(abstract[:1].lower() + abstract[1:])
    yield ".SH SYNOPSIS"
    for command in commands:
        yield usage(command["commandName"], command) + "\n.br"
    yield "\\fBdepthvla \\-\\-version\\fR"
    yield ".SH DESCRIPTION"
    yield from discussion(root["discussion"])
    yield ".SH COMMANDS"
    for command in commands:
        yield f".SS {text(command['commandName'])}"
        yield text(command["abstract"])
        yield from discussion(command.get("discussion", ""))
        yield from arguments(command["arguments"])


if __name__ == "__main__":
    program = sys.argv[1]

    def said(option):
        return subprocess.run([program, option], check=True, capture_output=True, text=True).stdout

    number = said("--version").split("\n")[0].split()[-1]
    print("\n".join(page(json.loads(said("--experimental-dump-help")), number)))
