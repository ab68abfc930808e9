"""The API reference: one page for each public module, from the docstrings.

    python docs/build.py out/docs

Formulas in docstrings are Unicode text, so the pages load nothing from the network.  Three kinds of
names are not what pdoc expects, and are made so before it looks: names that ``autograd`` imports
only when they are asked for, primitives (objects around a function), and classes that a user gets
as a result without importing them.
"""

import sys
import warnings
from importlib import import_module
from pathlib import Path

import pdoc
from pdoc.doc import Module

import autograd
import autograd.drawing
import nn
import nn.scalar
from autograd.checking import Report
from autograd.primitive import Primitive

PAGES = """
    autograd autograd.drawing
    nn nn.functional nn.init nn.data nn.training nn.checkpoint nn.regularizer nn.scalar
    optim optim.schedule optim.proximal
""".split()

# What a newcomer needs first comes first; the rest in the order of the imports, which is by family.
FIRST = {
    "autograd": """
        Tensor tensor Value
        grad value_and_grad elementwise_grad vjp jvp jacobian hessian hvp gradients checkpoint
        gradcheck GradcheckError Report draw explain diagnose drawing primitive Primitive
        no_grad enable_grad is_grad_enabled detect_anomaly record scope
    """,
    "autograd.drawing": "draw Drawing explain Explanation diagnose Diagnosis",
    "nn": "Module Parameter Buffer Sequential ModuleList ModuleDict Linear",
    "optim": "Optimizer FirstOrder SGD",
}


def prepare() -> None:
    """Make the modules look as their users see them."""
    for name in autograd.__all__:
        setattr(autograd, name, getattr(autograd, name))
    autograd.Primitive, autograd.Report = Primitive, Report  # type: ignore[attr-defined]
    autograd.__all__ += ["Primitive", "Report", "drawing"]
    nn.__all__ += ["scalar"]
    for page in PAGES:
        module = import_module(page)
        order = [*FIRST.get(page, "").split(), *vars(module)]
        module.__all__ = sorted(module.__all__, key=order.index)
        for name in module.__all__:
            if isinstance(member := getattr(module, name), Primitive):
                setattr(module, name, member.forward)


def build(folder: Path) -> None:
    """Write the reference into ``folder``; a warning of pdoc's is an error."""
    warnings.simplefilter("error")
    prepare()
    pdoc.render.configure(template_directory=Path(__file__).parent / "templates")
    others = {m.fullname for page in PAGES for m in Module.from_name(page).submodules} - {*PAGES}
    hidden = [f"!{name}" for name in sorted(others)]  # modules that share a public function's name
    pdoc.pdoc("autograd", "nn", "optim", *hidden, output_directory=folder)


if __name__ == "__main__":
    build(Path(sys.argv[1]))
