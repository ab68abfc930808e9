"""From Graphviz's SVG to ours: roles as classes, tooltips, a description, both themes.

Graphviz writes tooltips as links and node names as titles.  Here every element with a tooltip gets
a ``<title>`` of its own, the links go, and the picture as a whole gets ``role="img"``, a title and a
description for who does not see it.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping

from .palette import Palette, stylesheet

__all__ = ["finished"]

SVG = "{http://www.w3.org/2000/svg}"
XLINK = "{http://www.w3.org/1999/xlink}"
ET.register_namespace("", SVG[1:-1])


def finished(
    svg: bytes, title: str, description: str, tips: Mapping[str, str], palette: Palette, theme: str
) -> str:
    """The picture as one ``<svg>`` element."""
    root = ET.fromstring(svg)
    for parent in root.iter():
        _unlink(parent)
        parent[:] = [child for child in parent if not _is_blank(child)]
    root.set("font-family", "Helvetica, Arial, sans-serif")
    for element in root.iter():
        _role(element, palette)
        _retitle(element, tips)
        if "column" in element.get("class", "").split():
            _center(element)
    _describe(root, title, description, theme)
    return ET.tostring(root, encoding="unicode")


def _unlink(parent: ET.Element) -> None:
    """Replace the links below ``parent`` by what is in them."""
    while any(_is_link(child) for child in parent):
        flat = []
        for child in parent:
            flat += list(child) if _is_link(child) else [child]
        parent[:] = flat


def _is_blank(element: ET.Element) -> bool:
    return element.tag == f"{SVG}text" and not (element.text or "").strip()


def _is_link(element: ET.Element) -> bool:
    return element.tag == f"{SVG}a" or element.get("id", "").startswith("a_")


def _role(element: ET.Element, palette: Palette) -> None:
    """Class an element by the roles of its colours: ``value``, ``grad-line`` ..."""
    element.attrib.pop("{http://www.w3.org/XML/1998/namespace}space", None)
    if element.tag == f"{SVG}text":
        element.attrib.pop("font-family", None)  # one for all, at the root
    element.tail = None
    roles = dict(zip(palette, Palette._fields, strict=True))
    found = [roles.get(element.get("fill", ""), "")]
    if stroke := roles.get(element.get("stroke", "")):
        found.append(f"{stroke}-line")
    if classes := " ".join(filter(None, [element.get("class", ""), *found])):
        element.set("class", classes)


def _center(group: ET.Element) -> None:
    """Center the texts of a one-column label, whatever font the reader has."""
    xs = [float(x) for shape in group.iter() for x in _NUMBERS.findall(_outline(shape))[::2]]
    _lengthen(group)
    if xs:
        middle = f"{(min(xs) + max(xs)) / 2:.2f}"
        for text in group.iter(f"{SVG}text"):
            text.attrib.update({"text-anchor": "middle", "x": middle})


def _lengthen(group: ET.Element, by: float = 1.5) -> None:
    """Let the rule of a label touch the wires at its ends, which Graphviz leaves a gap before."""
    for rule in group.iter(f"{SVG}polygon"):
        xs = [float(x) for x in _NUMBERS.findall(rule.get("points", ""))[::2]]
        ys = set(_NUMBERS.findall(rule.get("points", ""))[1::2])
        if len(ys) == 1:
            y = ys.pop()
            rule.set("points", f"{min(xs) - by:.2f},{y} {max(xs) + by:.2f},{y}")


def _outline(shape: ET.Element) -> str:
    return shape.get("points", "") or shape.get("d", "")


_NUMBERS = re.compile(r"-?\d+(?:\.\d+)?")


def _retitle(element: ET.Element, tips: Mapping[str, str]) -> None:
    for child in [child for child in element if child.tag == f"{SVG}title"]:
        element.remove(child)
    if tip := tips.get(element.get("id", "")):
        title = ET.Element(f"{SVG}title")
        title.text = printable(tip)
        element.insert(0, title)


def printable(text: str) -> str:
    """``text`` with the characters that XML has no place for replaced."""
    return "".join([c if c.isprintable() or c == "\n" else "�" for c in text])


def _describe(root: ET.Element, title: str, description: str, theme: str) -> None:
    root.set("role", "img")
    root.set("aria-label", printable(title))
    head = []
    for tag, text in (("title", title), ("desc", description)):
        element = ET.Element(f"{SVG}{tag}")
        element.text = printable(text)
        head.append(element)
    if theme == "auto":
        style = ET.Element(f"{SVG}style")
        style.text = stylesheet()
        head.append(style)
    root[:0] = head
