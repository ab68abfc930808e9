"""``diagnose``: where gradients die, explode or turn nan, and which parameters get none.

It looks at one graph, after the forward pass, and needs no training loop: the values are those of
the graph, the gradients those of the drawing's own backward sweep.
"""

import html
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from ..context import record
from ..primitive import Box
from ..value import Value
from .culprits import first_backward, first_forward, healthy, recomputed
from .description import Description
from .drawing import Drawing
from .findings import Finding
from .layers import Layer, bad_units, layers_of, trends
from .naming import names_of
from .options import Options
from .quantity import number
from .reach import cut_off, named_parameters, unreached_parameters
from .readers import node_of
from .reading import FREED, read
from .wording import Wording, clean

__all__ = ["Diagnosis", "diagnose"]


class Diagnosis:
    """The findings about a loss, the gravest first, and a table of its layers.

    It prints as text, shows itself in a notebook as tables, and ``draw()`` draws the surroundings of
    the first culprit.  ``ok`` says that nothing was found.
    """

    def __init__(
        self,
        loss: str,
        findings: Sequence[Finding],
        layers: Sequence[Layer],
        unreached: Sequence[str],
        description: Description,
    ) -> None:
        self.loss = loss
        self.findings = tuple(findings)
        self.layers = tuple(layers)
        self.unreached = tuple(unreached)
        self._description = description

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    @cached_property
    def text(self) -> str:
        """The findings and the table as text."""
        lines = [f"diagnosis of {self.loss}"]
        lines += [f"  {i}. {finding}" for i, finding in enumerate(self.findings, 1)]
        lines += ["  nothing found"] * self.ok
        if self.layers:
            width = max(len(layer.name) for layer in self.layers)
            lines.append(
                f"\n  {'layer':<{width}}  {'rms ∇out':>9}  {'rms ∇weight':>11}  {'gain':>8}"
            )
            lines += [
                f"  {layer.name:<{width}}  {number(layer.gradient, 3):>9}  "
                f"{number(layer.weight_gradient, 3):>11}  {_told(layer.gain):>8}"
                for layer in self.layers
            ]
        return "\n".join(lines) + "\n"

    def __repr__(self) -> str:
        return self.text

    @cached_property
    def html(self) -> str:
        """The same as HTML."""
        items = "".join(
            f"<li><b>{html.escape(f.kind)}</b>: {html.escape(f.what)}"
            f"{f' <i>{html.escape(f.where)}</i>' if f.where else ''}"
            f"{f'<br>{html.escape(f.advice)}' if f.advice else ''}</li>"
            for f in self.findings
        )
        rows = "".join(
            f"<tr><td>{html.escape(layer.name)}</td><td>{number(layer.gradient, 3)}</td>"
            f"<td>{number(layer.weight_gradient, 3)}</td><td>{_told(layer.gain)}</td></tr>"
            for layer in self.layers
        )
        heads = "<tr><th>layer</th><th>rms ∇out</th><th>rms ∇weight</th><th>gain</th></tr>"
        return (
            f"<p>diagnosis of {html.escape(self.loss)}</p>"
            f"<ol>{items}</ol>{'' if items else '<p>nothing found</p>'}"
            f"{f'<table>{heads}{rows}</table>' if rows else ''}"
        )

    def _repr_html_(self) -> str:
        return self.html

    def draw(self, hops: int = 2) -> Drawing:
        """The surroundings of the first culprit; the whole graph where there is none."""
        drawing = Drawing(self._description, Options())
        keys = [finding.key for finding in self.findings if finding.key]
        return drawing.focus(keys[0], hops) if keys else drawing


def diagnose(loss: Any, parameters: Any = None, *, names: Any = None) -> Diagnosis:
    """What is wrong with the gradients of ``loss``, a Value, a Tensor, or a function that returns one.

    Looked for, in this order:

    - the first operation that made a nan or an infinity of finite arguments, and in the backward
      pass the first that did so to a finite gradient, with its scope;
    - ``parameters`` (a module, a dict by name, or several tensors) that the loss does not reach, and
      where a way ends: ``detach()``, ``no_grad()``, ``.data``, whole numbers, also where more was
      computed from it outside of the graph; what NumPy made of ``.data`` leaves no trace;
    - vanishing and exploding gradients, by the rms of the gradient at each layer;
    - dead rectifiers, and saturated sigmoids and tanhs.

    The lines of the program are known for what was computed inside ``with ag.record():``, and always
    where ``loss`` is a function, which is called inside of it.

    Raises ``TypeError`` for what is neither a Value nor a Tensor, ``ValueError`` for one that is not
    one real number, and ``RuntimeError`` where ``backward()`` has freed arrays that are needed.

    >>> import autograd as ag
    >>> x = ag.Value(0.0, "x")
    >>> print(ag.diagnose(x.sqrt()))  # doctest: +ELLIPSIS
    diagnosis of a result = 0
      1. inf gradient: sqrt makes ∇x = inf of ∇ = 1 ...
    """
    if callable(loss) and not isinstance(loss, (Box, Value)):
        with record(), np.errstate(all="ignore"):
            loss = loss()
    node = node_of(loss)
    if node is not None and np.size(loss.data) != 1:
        raise ValueError(f"diagnose: expected a loss, one number, got the shape {loss.shape}.")
    given = names_of(parameters if hasattr(parameters, "named_parameters") else names)
    description = read([loss], given)
    if FREED in description.notes:
        raise RuntimeError(
            "diagnose: backward() let go of arrays that are needed to tell. Call diagnose(loss) before "
            "backward() or loss.backward(retain_graph=True), or give it a function that computes the "
            "loss: diagnose(lambda: ...)."
        )
    if not healthy(description):
        description = read([loss], given, recomputed(node))
    said = Wording(description)
    unreached = unreached_parameters(node, named_parameters(parameters))
    layers = list(layers_of(description, said))
    forward = list(first_forward(description, said))
    findings = [
        *forward,
        *first_backward(description, said, forward[0].key if forward else ""),
        *cut_off(loss, description, unreached, parameters is not None),
        *bad_units(description, said),
        *(trends(layers) if healthy(description) else ()),
    ]
    root = (description.roots or description.vertices)[0]
    name = clean(root.name) or "a result"
    value = "?" if root.value is None else root.value.text()
    return Diagnosis(f"{name} = {value}", findings, layers, list(unreached), description)


def _told(gain: float | None) -> str:
    return "" if gain is None else f"×{number(gain, 2)}"
