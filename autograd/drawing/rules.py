"""Derivative rules as text: with the names of this graph, and in shapes.

A primitive carries its rules as short texts over ``out`` and its argument names
(:attr:`autograd.primitive.Primitive.local`): matmul's are ``∇out · yᵀ`` and ``xᵀ · ∇out``.
"""

import math
import re
from collections.abc import Sequence

from ..primitive import Primitive

__all__ = ["named", "rule_in_shapes", "rule_text"]

Shape = tuple[int, ...]


def rule_text(primitive: Primitive, i: int) -> str:
    """The text of the rule for argument ``i``, over the primitive's own names."""
    local = primitive.local
    if not isinstance(local, str):
        local = local[i] if i < len(local) else ""
    return local or f"{primitive.name}ᵀ ∇out"


def named(text: str, names: dict[str, str]) -> str:
    """``text`` with the graph's names in the place of the primitive's."""
    if not names:
        return text
    letters = "|".join(sorted(map(re.escape, names), key=len, reverse=True))
    whole_name = rf"(?<![A-Za-z0-9_.])({letters})(?![A-Za-z0-9_(])"
    return re.sub(whole_name, lambda found: names[found[1]], text)


def rule_in_shapes(
    text: str, argument: Shape, out: Shape, shapes: dict[str, Shape], elementwise: bool
) -> str:
    """``(3, 2) = (3, 5)(5, 2)`` for a product of arrays; a sum over repeated axes as Σ; else empty."""
    if elementwise:
        repeated = math.prod(out) > math.prod(argument)
        return f"{_written(argument)} = Σ {_written(out)}" if repeated and argument else ""
    factors = [factor.strip() for factor in text.split("·")]
    if len(factors) != 2:
        return ""
    found = [_shape_of(factor, out, shapes) for factor in factors]
    if not all(found) or not argument:
        return ""
    return f"{_written(argument)} = {''.join([_written(shape) for shape in found if shape is not None])}"


def _shape_of(factor: str, out: Shape, shapes: dict[str, Shape]) -> Shape | None:
    plain = factor.removesuffix("ᵀ").removeprefix("∇")
    shape = out if plain == "out" else shapes.get(plain)
    return shape[::-1] if shape and factor.endswith("ᵀ") else shape


def _written(shape: Sequence[int]) -> str:
    return f"({', '.join(map(str, shape))}{',' * (len(shape) == 1)})"
