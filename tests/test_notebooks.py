"""Every notebook runs in a fresh kernel and prints what its stored copy shows."""

import re
from pathlib import Path

import jupytext
import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).parent.parent / "notebooks"
SOURCES = sorted(FOLDER.glob("*.py"))


def code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def printed(cell):
    """The text of a cell's outputs, without the addresses that change from run to run."""
    parts = []
    for output in cell.outputs:
        if output.output_type == "stream":
            assert output.name == "stdout", output.text
            parts.append(output.text)
        elif "text/plain" in output.get("data", {}):
            parts.append(output.data["text/plain"])
    return re.sub(r" at 0x[0-9a-f]+", "", "".join(parts))


def pictures(cell):
    kinds = {"image/png", "image/svg+xml"}
    return sum(bool(kinds & output.get("data", {}).keys()) for output in cell.outputs)


def test_the_course_is_whole():
    assert [source.name[:2] for source in SOURCES] == [f"{i:02}" for i in range(1, 17)]


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_notebook(source, monkeypatch):
    stored = nbformat.read(source.with_suffix(".ipynb"), as_version=4)
    fresh = jupytext.read(source)
    assert [c.source for c in stored.cells] == [c.source for c in fresh.cells], (
        "the stored notebook is of another source: run make notebooks"
    )
    monkeypatch.chdir(FOLDER)
    # A kernel draws its plots inline; the suite's own setting is for processes without a screen.
    monkeypatch.delenv("MPLBACKEND", raising=False)
    NotebookClient(fresh, timeout=240, kernel_name="python3").execute()
    for before, after in zip(code(stored), code(fresh), strict=True):
        assert printed(after) == printed(before), after.source
        assert pictures(after) == pictures(before), after.source


def test_the_pictures_are_stored():
    notebooks = [nbformat.read(s.with_suffix(".ipynb"), as_version=4) for s in SOURCES]
    assert sum(pictures(cell) for notebook in notebooks for cell in code(notebook)) >= 20
