"""Colours: one for each role, light and dark, with at least AA contrast on their paper.

Blue for what flows forward and vermilion for what flows back keep apart for colour-blind eyes;
position (above and below the wire) and the sign ∇ say the same.  Every role has its own code, so a
stylesheet can exchange one theme for the other by looking at the code alone.
"""

from typing import NamedTuple

__all__ = ["DARK", "LIGHT", "Palette", "page_stylesheet", "palette", "stylesheet"]


class Palette(NamedTuple):
    """The colours of one theme."""

    paper: str
    ink: str
    muted: str
    line: str
    value: str
    grad: str
    local: str
    fill: str
    edge: str
    group: str
    outline: str
    warn: str
    warnfill: str
    variable: str
    function: str
    lit: str
    shrink2: str
    shrink1: str
    level: str
    grow1: str
    grow2: str


LIGHT = Palette(
    paper="#ffffff",
    ink="#1f2328",
    muted="#57606a",
    line="#6e7681",
    value="#0550ae",
    grad="#a83a00",
    local="#5a5f66",
    fill="#f5f7fa",
    edge="#424a53",
    group="#fafbfc",
    outline="#c9d1d9",
    warn="#a40e26",
    warnfill="#ffebe9",
    variable="#fff4e0",
    function="#e3efff",
    lit="#d15704",
    shrink2="#0349b4",
    shrink1="#4a8bdf",
    level="#7a8490",
    grow1="#cf6a1f",
    grow2="#a13a02",
)

DARK = Palette(
    paper="#14181e",
    ink="#e6edf3",
    muted="#a0a9b4",
    line="#8b949e",
    value="#79c0ff",
    grad="#ffa266",
    local="#a6adb6",
    fill="#212830",
    edge="#b1bac4",
    group="#191e25",
    outline="#3d444d",
    warn="#ff8e85",
    warnfill="#4a1518",
    variable="#4a3a1c",
    function="#1d3657",
    lit="#f0883e",
    shrink2="#a5d6ff",
    shrink1="#58a6ff",
    level="#7d8590",
    grow1="#e88c4a",
    grow2="#ffc299",
)


def palette(theme: str) -> Palette:
    """The palette a picture is drawn in; ``auto`` is drawn light and carries its stylesheet."""
    if theme not in ("auto", "light", "dark"):
        raise ValueError(f"draw: theme={theme!r} is unknown; expected 'auto', 'light' or 'dark'.")
    return DARK if theme == "dark" else LIGHT


def stylesheet() -> str:
    """CSS that turns the light palette into the dark one where the reader prefers that."""
    return f"@media (prefers-color-scheme: dark){{{_exchanged(DARK)}}}"


def variables(palette: Palette) -> str:
    """The palette as CSS variables, a role each."""
    return " ".join([f"--{role}: {color};" for role, color in palette._asdict().items()])


def page_stylesheet(theme: str) -> str:
    """CSS for a page around a picture: the variables, and what the page's own theme overrules."""
    if theme != "auto":
        return f":root {{ {variables(palette(theme))} }}"
    rules = [f":root {{ {variables(LIGHT)} }}"]
    rules.append(f"@media (prefers-color-scheme: dark) {{ :root {{ {variables(DARK)} }} }}")
    for name, colors in (("light", LIGHT), ("dark", DARK)):
        root = f':root[data-theme="{name}"]'
        rules.append(f"{root} {{ {variables(colors)} }} {_exchanged(colors, root)}")
    return "\n".join(rules)


def _exchanged(colors: Palette, within: str = "") -> str:
    """Rules that paint what is drawn in the light palette in ``colors``."""
    return "".join(
        f'{within} [fill="{light}"]{{fill:{new}}}{within} [stroke="{light}"]{{stroke:{new}}}'
        for light, new in zip(LIGHT, colors, strict=True)
    )
