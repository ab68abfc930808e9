"""Laying out DOT: by Graphviz's ``dot`` where it is installed, else by pygraphviz.

Either runs in a process of its own with a budget of time, so that a layout that takes too long (or
crashes) costs a few seconds and not the session.  pygraphviz would hold the interpreter's lock.
"""

import functools
import importlib.util
import shutil
import subprocess
import sys

__all__ = ["BUDGET", "LayoutError", "NoRendererError", "TooLongError", "laid_out"]

BUDGET = 5.0
"""Seconds for one layout."""

_CHILD = """
import sys, warnings
warnings.simplefilter("ignore")
from pygraphviz import AGraph
graph = AGraph(string=sys.stdin.buffer.read().decode())
sys.stdout.buffer.write(graph.draw(format=sys.argv[1], prog="dot"))
"""


class LayoutError(RuntimeError):
    """There is no picture; the message says why, and what would bring it."""


class NoRendererError(LayoutError):
    """Neither ``dot`` nor pygraphviz is installed."""


class TooLongError(LayoutError):
    """The layout took longer than its budget."""


def laid_out(dot: str, format: str, budget: float = BUDGET) -> bytes:
    """The picture of the DOT text in ``format`` (svg, png, pdf).

    Raises :class:`NoRendererError`, :class:`TooLongError`, or :class:`LayoutError` with Graphviz's
    message.
    """
    try:
        done = subprocess.run(
            _command(format),
            input=dot.encode("utf-8", "replace"),
            capture_output=True,
            timeout=budget,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise TooLongError(f"The layout took longer than {budget:g} s.") from None
    except OSError as error:
        raise LayoutError(f"Graphviz could not be started: {error}") from None
    if done.returncode or not done.stdout:
        reason = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise LayoutError(f"Graphviz failed: {reason[-1] if reason else f'exit {done.returncode}'}")
    return done.stdout


@functools.cache
def _command(format: str) -> tuple[str, ...]:
    if dot := shutil.which("dot"):
        return (dot, f"-T{format}")
    if importlib.util.find_spec("pygraphviz"):
        return (sys.executable, "-P", "-c", _CHILD, format)
    raise NoRendererError(
        "No renderer is installed: `pip install pygraphviz` brings the picture "
        "(its wheels carry Graphviz)."
    )
