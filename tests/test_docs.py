"""What the pages say is true: their examples run, their links lead somewhere, the reference builds."""

import doctest
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import autograd as ag
import nn
import optim

ROOT = Path(__file__).parent.parent
PAGES = sorted(
    path
    for folder in (".", "docs", "tests", "benchmarks", "notebooks")
    for path in ROOT.glob("*.md" if folder == "." else f"{folder}/**/*.md")
)
COURSE = sorted(ROOT.glob("notebooks/*.py"))
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"`((?:autograd|nn|optim|benchmarks|docs|notebooks|tests)/[\w/.-]*)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def named(path):
    return path.relative_to(ROOT).as_posix()


# --- examples ----------------------------------------------------------------------------------


def examples(text):
    """The page with its fences blanked: a result ends there, and the numbers of lines stay."""
    return re.sub(r"^```.*$", "", text, flags=re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_examples(page):
    text = page.read_text(encoding="utf-8")
    test = doctest.DocTestParser().get_doctest(examples(text), {}, page.name, str(page), 0)
    report = []
    doctest.DocTestRunner(optionflags=FLAGS).run(test, out=report.append)
    assert not report, "".join(report)


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_python_without_a_prompt_is_python(page):
    for language, code in FENCE.findall(page.read_text(encoding="utf-8")):
        if language == "python" and ">>>" not in code:
            compile(code, str(page), "exec")


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "docs/gradcheck.md"])
def test_pages_have_examples(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    assert len(doctest.DocTestParser().get_examples(examples(text))) > 10


# --- links -------------------------------------------------------------------------------------


def anchors(page):
    """The anchors that a code-hosting page makes of the headings."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


@pytest.mark.parametrize("page", [*PAGES, *COURSE], ids=named)
def test_links(page):
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        url = urlsplit(target)
        if url.scheme:
            assert url.scheme == "https", target
            continue
        found = page.parent / unquote(url.path) if url.path else page
        assert found.exists(), f"{named(page)}: {target}"
        if url.fragment:
            assert url.fragment in anchors(found), f"{named(page)}: {target}"


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_files_that_are_named_exist(page):
    named_files = FILE.findall(page.read_text(encoding="utf-8"))
    assert [name for name in named_files if not (ROOT / name).exists()] == []


# --- the reference -----------------------------------------------------------------------------


class Html(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.ids, self.links, self.loaded = set(), [], []
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.ids.add(given.get("id"))
        if tag == "a":
            self.links.append(given.get("href", ""))
        else:
            self.loaded += [given[key] for key in ("src", "href") if given.get(key)]


def build_reference(folder):
    """Build it in a process of its own, for which a warning is an error; the pages by name."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "docs/build.py", str(folder)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return {page: Html(page) for page in folder.resolve().rglob("*.html")}


def broken_links(pages):
    for page, html in pages.items():
        for url in map(urlsplit, html.links):
            target = (page.parent / url.path).resolve() if url.path else page
            found = target in pages and (
                not url.fragment or unquote(url.fragment) in pages[target].ids
            )
            if not url.scheme and not found:
                yield page.name, url.geturl()


def loaded_from_the_network(pages):
    for page, html in pages.items():
        yield from ((page.name, u) for u in html.loaded if urlsplit(u).scheme not in ("", "data"))


def names_without_an_entry(pages):
    shown = {page.stem: html.ids for page, html in pages.items()}
    for module in (ag, nn, nn.functional, nn.init, nn.data, nn.training, optim, optim.schedule):
        page = module.__name__.split(".")[-1]
        yield from ((page, name) for name in module.__all__ if name not in {*shown, *shown[page]})


def test_reference(tmp_path):
    pages = build_reference(tmp_path)
    assert len(pages) > 12
    assert not list(broken_links(pages))
    assert not list(loaded_from_the_network(pages))
    assert not list(names_without_an_entry(pages))
