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

ROOT = Path(__file__).parent.parent
PAGES = sorted(
    path
    for folder in (".", "docs", "tests", "benchmarks", "notebooks")
    for path in ROOT.glob("*.md" if folder == "." else f"{folder}/**/*.md")
)
COURSE = sorted(ROOT.glob("notebooks/*.py"))
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
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


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reference")
    done = subprocess.run(
        [sys.executable, "-W", "error", "docs/build.py", str(folder)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return {page: Html(page) for page in folder.rglob("*.html")}


def test_reference_links(reference):
    broken = []
    for page, html in reference.items():
        for url in map(urlsplit, html.links):
            if url.scheme:
                continue
            target = (page.parent / url.path).resolve() if url.path else page
            if target not in reference or (
                url.fragment and unquote(url.fragment) not in reference[target].ids
            ):
                broken.append((page.name, url.geturl()))
    assert not broken


def test_reference_loads_nothing_from_the_network(reference):
    for page, html in reference.items():
        remote = [url for url in html.loaded if urlsplit(url).scheme not in ("", "data")]
        assert not remote, page.name


def test_reference_has_every_public_name(reference):
    import autograd
    import nn
    import optim

    pages = {page.stem: html.ids for page, html in reference.items()}
    for module in (autograd, nn, nn.functional, nn.training, optim):
        modules = {name for name in module.__all__ if f"{name}" in pages}
        missing = {*module.__all__} - modules - pages[module.__name__.split(".")[-1]]
        assert not missing, module.__name__
