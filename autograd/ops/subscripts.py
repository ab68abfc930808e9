"""The language of einsum: from what the caller wrote to one label for each axis.

``"...ij,jk"`` with operands of shapes (5, 2, 3) and (3, 4) is read as the terms ``Aij`` and ``jk``
and the result ``Aik``: the ellipsis is spelled out in letters that are free, and an implicit result
is written down.  What the labels mean is ``einsum.py``'s business.
"""

import re
from collections.abc import Sequence
from typing import Any

__all__ = ["LETTERS", "read_terms", "separate"]

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"  # importing `string` takes longer

_NUMBERED = "".join(sorted(LETTERS))  # in the order in which their numbers sort

Shape = tuple[int, ...]


def separate(operands: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
    """The subscripts as a string, and the arrays, of either form of call.

    ``("ij,jk", a, b)`` or, with a list of numbers after each array, ``(a, [0, 1], b, [1, 2])``.
    """
    if not operands:
        raise ValueError('einsum: expected subscripts and arrays, as in einsum("ij,jk->ik", a, b).')
    if isinstance(operands[0], str):
        # A space is allowed anywhere but inside an arrow or an ellipsis.
        return re.sub(r"(?<![-.]) |(?<=\.\.\.) ", "", operands[0]), operands[1:]
    pairs = len(operands) // 2
    terms = [_numbered(labels) for labels in operands[1 : 2 * pairs : 2]]
    result = "->" + _numbered(operands[-1]) if len(operands) % 2 else ""
    return ",".join(terms) + result, operands[0 : 2 * pairs : 2]


def _numbered(labels: Any) -> str:
    """A list like ``[0, Ellipsis, 2]`` as letters: ``"A...C"``."""
    try:
        return "".join(
            ["..." if i is Ellipsis else _NUMBERED[range(52)[i.__index__()]] for i in labels]
        )
    except (TypeError, AttributeError, IndexError):
        raise ValueError(
            f"einsum: expected a list of numbers from 0 to 51 (or Ellipsis) after each array, got "
            f'{labels!r}. Write einsum(a, [0, 1], b, [1, 2], [0, 2]) or einsum("ij,jk->ik", a, b).'
        ) from None


def read_terms(subscripts: str, shapes: Sequence[Shape]) -> tuple[list[str], str, dict[str, int]]:
    """A label for each axis of each operand, those of the result, and the size of each label.

    >>> read_terms("...ij,jk", [(5, 2, 3), (3, 4)])
    (['Aij', 'jk'], 'Aik', {'A': 5, 'i': 2, 'j': 3, 'k': 4})
    """
    left, arrow, right = subscripts.partition("->")
    terms = left.split(",")
    if len(terms) != len(shapes):
        raise ValueError(
            f"einsum: {subscripts!r} has {len(terms)} terms for {len(shapes)} operands. "
            "Write one term for each operand, separated by commas."
        )
    for term in [*terms, right]:
        _check_characters(term, subscripts)
    extra = [_extra_axes(*pair, subscripts) for pair in zip(terms, shapes, strict=True)]
    free = [letter for letter in _NUMBERED if letter not in subscripts]
    ellipsis = "".join(free[: max(extra, default=0)])
    terms = [
        term.replace("...", ellipsis[len(ellipsis) - n :])
        for term, n in zip(terms, extra, strict=True)
    ]
    if arrow:
        result = right.replace("...", ellipsis)
    else:
        result = ellipsis + "".join(sorted(c for c in set(left) - set(",.") if left.count(c) == 1))
    _check_result(result, "".join(terms), ellipsis, subscripts)
    return terms, result, _sizes(terms, shapes, subscripts)


def _check_characters(term: str, subscripts: str) -> None:
    letters = term.replace("...", "", 1)
    wrong = sorted(set(letters) - set(LETTERS))
    if wrong:
        raise ValueError(
            f"einsum: {wrong[0]!r} in the term {term!r} of {subscripts!r} is not a subscript. Expected "
            "letters, at most one ellipsis '...' a term, and one '->' before the result."
        )


def _extra_axes(term: str, shape: Shape, subscripts: str) -> int:
    """How many axes the ellipsis of ``term`` stands for."""
    named = len(term.replace("...", ""))
    extra = len(shape) - named
    if extra < 0 or (extra and "..." not in term):
        raise ValueError(
            f"einsum: the term {term!r} of {subscripts!r} names {named} axes, its operand has shape "
            f"{shape}. Name every axis, or use '...' for those that are left."
        )
    return extra


def _check_result(result: str, given: str, ellipsis: str, subscripts: str) -> None:
    for label in result:
        if label not in given:
            raise ValueError(
                f"einsum: the result of {subscripts!r} has the index {label!r}, which no operand has."
            )
        if result.count(label) > 1:
            raise ValueError(
                f"einsum: the result of {subscripts!r} has the index {label!r} twice. For a diagonal "
                "matrix multiply by np.eye(n), or use np.diag."
            )
    if not set(ellipsis) <= set(result):
        raise ValueError(
            f"einsum: the '...' of {subscripts!r} stands for {len(ellipsis)} axes, which the result "
            "does not have. Write '...' in the result too, or name the axes to sum over them."
        )


def _sizes(terms: Sequence[str], shapes: Sequence[Shape], subscripts: str) -> dict[str, int]:
    """The size of each label; an axis of size 1 stretches to that of another operand."""
    sizes: dict[str, int] = {}
    for term, shape in zip(terms, shapes, strict=True):
        own: dict[str, int] = {}
        for label, n in zip(term, shape, strict=True):
            known = own.setdefault(label, n)
            if known == n and (known := sizes.setdefault(label, n)) == 1:
                sizes[label] = known = n
            if n not in (known, 1) or own[label] != n:
                raise ValueError(
                    f"einsum: index {label!r} of {subscripts!r} has size {known} and size {n}: the "
                    f"operands have shapes {', '.join(map(str, shapes))}. Its axes must agree."
                )
    return sizes
