"""Functions called around a module's forward and backward pass, for looking in and for stepping in."""

from collections.abc import Callable, Sequence
from typing import Any

from autograd import Tensor, primitive

__all__ = ["Handle", "Hooks"]

Hook = Callable[..., Any]


class Handle:
    """What registering a hook returns: ``remove()``, or calling it, takes the hook away again."""

    def __init__(self, hooks: list[Hook], hook: Hook) -> None:
        self._hooks = hooks
        self._hook = hook

    def remove(self) -> None:
        """Take the hook away; nothing happens the second time."""
        if self._hook in self._hooks:
            self._hooks.remove(self._hook)

    __call__ = remove

    def __enter__(self) -> "Handle":
        return self

    def __exit__(self, *exception: object) -> None:
        self.remove()


class Hooks:
    """The hooks of one module, in the order they were registered."""

    def __init__(self) -> None:
        self.before_forward: list[Hook] = []
        self.after_forward: list[Hook] = []
        self.backward: list[Hook] = []

    def add(self, hooks: list[Hook], hook: Hook) -> Handle:
        """Append ``hook`` to ``hooks``, one of the three lists."""
        hooks.append(hook)
        return Handle(hooks, hook)

    def call(self, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """``module.forward(*args, **kwargs)`` with all hooks around it."""
        for hook in list(self.before_forward):
            replaced = hook(module, args)
            if replaced is not None:
                args = replaced if isinstance(replaced, tuple) else (replaced,)
        if self.backward:
            out = self._watched(module, args, kwargs)
        else:
            out = module.forward(*args, **kwargs)
        for hook in list(self.after_forward):
            replaced = hook(module, args, out)
            if replaced is not None:
                out = replaced
        return out

    def _watched(self, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The forward pass between two gates, which see the gradients on their way back."""
        tracked = [isinstance(a, Tensor) and a.requires_grad for a in args]
        crossing = _Crossing(module, list(self.backward), any(tracked))
        if any(tracked):
            args = _pass(args, tracked, crossing.at_inputs)
        out = module.forward(*args, **kwargs)
        outputs = out if isinstance(out, tuple) else (out,)
        tracked = [isinstance(o, Tensor) and o.requires_grad for o in outputs]
        if any(tracked):
            outputs = _pass(outputs, tracked, crossing.at_outputs)
        return outputs if isinstance(out, tuple) else outputs[0]


class _Crossing:
    """One call of a module with backward hooks: what is known of the gradients that cross it."""

    def __init__(self, module: Any, hooks: list[Hook], inputs_tracked: bool) -> None:
        self._module = module
        self._hooks = hooks
        self._inputs_tracked = inputs_tracked
        self._grad_output: tuple[Any, ...] = ()

    def at_outputs(self, gradients: tuple[Any, ...]) -> tuple[Any, ...]:
        self._grad_output = gradients
        if not self._inputs_tracked:
            for hook in self._hooks:
                hook(self._module, (), gradients)
        return gradients

    def at_inputs(self, gradients: tuple[Any, ...]) -> tuple[Any, ...]:
        for hook in self._hooks:
            replaced = hook(self._module, gradients, self._grad_output)
            if replaced is not None:
                gradients = replaced if isinstance(replaced, tuple) else (replaced,)
        return gradients


class _Gate:
    """Calls ``seen`` once for the gradients of one backward pass, whose rules ask one at a time."""

    def __init__(self, seen: Callable[[tuple[Any, ...]], tuple[Any, ...]]) -> None:
        self._seen = seen
        self._incoming: Any = None
        self._outgoing: tuple[Any, ...] = ()

    def gradient(self, i: int, gradients: tuple[Any, ...]) -> Any:
        if self._incoming is not gradients:
            self._incoming = gradients
            wrapped = tuple([g if isinstance(g, Tensor) else Tensor(g) for g in gradients])
            self._outgoing = self._seen(wrapped)
        g = self._outgoing[i]
        if i == len(gradients) - 1:
            self._incoming, self._outgoing = None, ()
        return g if isinstance(gradients[i], Tensor) or not isinstance(g, Tensor) else g.data


@primitive(name="hook")
def _gate(*values: Any, gate: _Gate) -> Any:
    return values


_gate.defvjp_each(
    lambda i, g, out, *values, gate: gate.gradient(i, g), saves=(), local="∇out, seen by hooks"
)


def _pass(
    values: Sequence[Any],
    tracked: Sequence[bool],
    seen: Callable[[tuple[Any, ...]], tuple[Any, ...]],
) -> tuple[Any, ...]:
    """``values``, of which the tracked ones go through a gate."""
    passed = iter(_gate(*[v for v, t in zip(values, tracked, strict=True) if t], gate=_Gate(seen)))
    return tuple([next(passed) if t else v for v, t in zip(values, tracked, strict=True)])
