#!/usr/bin/env python3
"""Looks at pages in a real browser: check_pages.py CHROMIUM PAGE ... [--pictures FOLDER]

At three widths, in light and dark and on paper: no console message, no request, nothing that overlaps
or leaves the page, contrast as WCAG 2.2 AA asks. With scripts forbidden the page is the same to the
pixel. A page that breaks every rule is looked at first, so that a rule that finds nothing is noticed.
"""

import argparse
import pathlib
import sys
import tempfile

from browser import Browser

WIDTHS = (1280, 768, 390)
# A4 less the margins of the style sheet, at 96 to the inch.
PAPER_WIDTH = round((210 - 28) / 25.4 * 96)
MEASURE = (pathlib.Path(__file__).parent / "measure.js").read_text()

BAD_PAGE = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Bad</title>
<script>console.log("a word")</script><link rel="stylesheet" href="absent.css"></head>
<body style="background:#fff">
<p style="color:#999">pale</p>
<p style="position:absolute;top:100px;left:0">one text</p><p style="position:absolute;top:100px;left:9px">another text</p>
<div style="width:3000px">wide</div>
<svg viewBox="0 0 10 10" width="100"><path d="M0 0 L9 9" style="stroke:#eee"/><text x="9">leaves</text></svg>
</body></html>"""
BAD_PAGE_FINDINGS = (
    "console", "asks for", "has a contrast of", "overlap", "pixels wide", "a line or bar", "leaves its drawing",
)  # fmt: skip


def looked_at(browser, path, pictures):
    """Every problem of a page, with where it was seen."""
    found = []
    views = [(width, scheme, "screen") for width in WIDTHS for scheme in ("light", "dark")]
    for width, scheme, media in [*views, (PAPER_WIDTH, "dark", "print")]:
        browser.view(width, scheme=scheme, media=media)
        # Measuring opens what is folded; pictures are of the page as it is first seen.
        if pictures or scheme == "light" or media == "print":
            browser.open(path)
        name = f"{path.stem}-{width}-{scheme if media == 'screen' else 'paper'}"
        if pictures:
            (pictures / f"{name}.png").write_bytes(browser.picture())
        problems = browser.complaints(path)
        if (width, scheme) == (WIDTHS[-1], "light"):
            picture = browser.picture()
            browser("Emulation.setScriptExecutionDisabled", value=True)
            browser.open(path)
            if browser.picture() != picture:
                problems.append("looks otherwise without scripts")
            browser("Emulation.setScriptExecutionDisabled", value=False)
        problems += browser.evaluate(MEASURE)
        found += [f"{name}: {problem}" for problem in problems]
    browser.view(WIDTHS[0])
    browser.open(path)
    pdf = browser.pdf()
    if not pdf.startswith(b"%PDF-") or b"/Type /Page" not in pdf:
        found.append(f"{path.stem}: cannot be printed")
    if pictures:
        (pictures / f"{path.stem}.pdf").write_bytes(pdf)
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("chromium")
    parser.add_argument("pages", nargs="+", type=pathlib.Path)
    parser.add_argument("--pictures", type=pathlib.Path)
    arguments = parser.parse_args()
    browser = Browser(arguments.chromium)
    problems = []
    try:
        with tempfile.TemporaryDirectory() as folder:
            bad = pathlib.Path(folder) / "bad.html"
            bad.write_text(BAD_PAGE)
            said = looked_at(browser, bad, None)
            problems += [
                f"the check finds no \"{rule}\" on the page that breaks it"
                for rule in BAD_PAGE_FINDINGS
                if not any(rule in problem for problem in said)
            ]
        for page in arguments.pages:
            found = looked_at(browser, page, arguments.pictures)
            print(f"{page.name}: {page.stat().st_size} bytes, {len(found)} problems", flush=True)
            problems += found
    finally:
        browser.close()
    for problem in problems:
        print(problem, file=sys.stderr)
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
