"""What ``import autograd`` brings: every public name, and of the modules only what programs need."""

import json
import pickle
import subprocess
import sys
from importlib import import_module

import pytest

import autograd as ag


def modules_after(program: str) -> set[str]:
    """All that a fresh interpreter has imported in the end."""
    ending = "; import json, sys; print(json.dumps(list(sys.modules)))"
    command = [sys.executable, "-c", program + ending]
    return set(json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout))


def test_only_what_every_program_needs() -> None:
    imported = modules_after("import autograd")
    assert "autograd.tensor" in imported
    assert not imported & {"autograd.checking", "autograd.drawing", "autograd.recompute"}
    more = imported - modules_after("import numpy")
    assert not more & {"graphviz", "pygraphviz", "scipy", "dataclasses", "random"}


def test_what_is_asked_for_is_imported() -> None:
    assert "autograd.checking" in modules_after("import autograd; autograd.gradcheck")


def test_every_public_name_is_there() -> None:
    assert {*ag.__all__} <= {*dir(ag)}
    assert all(getattr(ag, name) is not None for name in ag.__all__)
    with pytest.raises(AttributeError, match="'autograd' has no attribute 'gradchek'"):
        _ = ag.gradchek


@pytest.mark.parametrize("module", ["checking", "drawing", "recompute"])
def test_a_name_is_the_same_before_and_after_its_module_is_imported(module: str) -> None:
    home = import_module(f"autograd.{module}")
    for name in {*home.__all__} & {*ag.__all__}:
        assert getattr(ag, name) is getattr(home, name)


def test_an_error_class_can_be_pickled() -> None:
    assert pickle.loads(pickle.dumps(ag.GradcheckError)) is ag.GradcheckError
