"""Module: what every layer and model is.

A module is its attributes.  A :class:`~nn.parameter.Parameter`, :class:`~nn.parameter.Buffer` or
module assigned to an attribute belongs to it, under the attribute's name; there is no second
register beside the instance's own dict that could disagree with it.
"""

from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any, NamedTuple, TypeVar

import numpy as np

from autograd import Tensor, increment_version, scope
from autograd.context import current_mode, scope_path, set_mode

from .hooks import Handle, Hooks
from .parameter import Buffer, Parameter
from .summary import Summary, summarize

__all__ = ["Incompatible", "Module"]

M = TypeVar("M", bound="Module")

_PLAIN = frozenset({bool, int, float, str, tuple, dict, type(None), scope})

_CONVERSIONS = frozenset({"to", "cuda", "cpu", "float", "double", "half"})  # PyTorch's

_NAMED_BY_PATH = (ValueError, TypeError, IndexError, RuntimeError)


class Incompatible(NamedTuple):
    """The keys that ``load_state_dict(strict=False)`` passed over."""

    missing_keys: list[str]
    unexpected_keys: list[str]


class Module:
    """Abstract: a function with parameters.  Subclasses define ``__init__`` and ``forward``.

    ``module(x)`` runs ``forward`` inside ``autograd.scope`` of the module's name, so that drawings
    and errors say where in the model they are.

    Raises ``RuntimeError`` where ``super().__init__()`` was not called, ``NotImplementedError``
    without ``forward``, and ``TypeError`` when a parameter is overwritten by something else.

    >>> import nn
    >>> class Affine(nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.slope = nn.Parameter([2.0])
    ...         self.shift = nn.Parameter([1.0])
    ...
    ...     def forward(self, x):
    ...         return self.slope * x + self.shift
    >>> model = Affine()
    >>> model(np.float32(3.0)).item()
    7.0
    >>> [name for name, _ in model.named_parameters()]
    ['slope', 'shift']
    """

    training: bool
    """Whether this is a training pass: dropout and batch normalization ask."""

    _scope: scope
    _hooks: Hooks | None
    _computed: dict[str, Callable[[Any], Tensor]]
    """Attributes that are computed from parameters whenever they are read (see ``weight_norm``)."""

    _called = True
    """Whether calls go through this module itself: a list of modules is only looked into."""

    _name_alone = "model"
    """Its name in drawings and errors while it belongs to no other module."""

    def __init__(self) -> None:
        vars(self).update(training=True, _hooks=None, _computed={})
        self._enter_as(self._name_alone)

    # --- calling ------------------------------------------------------------------------------

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """``forward`` with the hooks around it, in the module's scope."""
        outer = current_mode()
        set_mode(self._scope.inside(outer))  # what `with self._scope` does, in half the time
        try:
            if self._hooks is None:
                return self.forward(*args, **kwargs)
            return self._hooks.call(self, args, kwargs)
        except _NAMED_BY_PATH as error:
            _name_path(error)
            raise
        finally:
            set_mode(outer)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """The function that this module is; subclasses define it."""
        raise NotImplementedError(
            f"{type(self).__name__}: there is no forward. Define `def forward(self, x): ...`."
        )

    # --- attributes ---------------------------------------------------------------------------

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, Module):
            self._require_init(name)
            value._enter_as(name if self._called else f"{self._name}.{name}")
        elif isinstance(value, (Parameter, Buffer)):
            self._require_init(name)
            if value.name is None:
                value.name = name  # for drawings
        else:
            earlier = vars(self).get(name)
            if isinstance(earlier, (Parameter, Module)) and value is not None:
                raise TypeError(
                    f"{type(self).__name__}.{name}: it is a {type(earlier).__name__}, and was to be "
                    f"overwritten by {type(value).__name__}. Assign a {type(earlier).__name__} or "
                    f"None, or change the numbers: with autograd.no_grad(): {name}.copy_(value)."
                )
            if isinstance(earlier, Buffer) and value is not None:
                value = Buffer(
                    value.data if isinstance(value, Tensor) else value, earlier.persistent
                )
        object.__setattr__(self, name, value)

    def __getattr__(self, name: str) -> Any:  # only called for what the usual way did not find
        attributes = vars(self)
        if name in attributes.get("_computed", ()):
            return attributes["_computed"][name](self)
        if name in Module.__annotations__:
            self._require_init(name)
        hint = ""
        if name in _CONVERSIONS:
            hint = " There are no devices; the dtype is changed by astype(np.float64) or the like."
        elif not name.startswith("__"):
            near = get_close_matches(name, dir(self), n=1)
            hint = f" Did you mean {near[0]!r}?" if near else " Assign it in __init__."
        raise AttributeError(
            f"{type(self).__name__} has no attribute {name!r}.{hint}", name=name, obj=self
        )

    def _require_init(self, name: str) -> None:
        if "_scope" not in vars(self):
            raise RuntimeError(
                f"{type(self).__name__}.{name}: the module has not been set up. "
                "Call super().__init__() first in its __init__."
            )

    def _enter_as(self, name: str) -> None:
        """Take ``name`` as the name of this module's scope."""
        vars(self).update(_name=name, _scope=scope(name, kind=type(self).__name__))
        if not self._called:
            for key, child in self.named_children():
                child._enter_as(f"{name}.{key}")

    def add_module(self, name: str, module: "Module | None") -> None:
        """Assign ``module`` to the attribute ``name``."""
        setattr(self, name, module)

    def register_parameter(self, name: str, parameter: Parameter | None) -> None:
        """Assign ``parameter`` to the attribute ``name``; None says that there could be one."""
        setattr(self, name, parameter)

    def register_buffer(self, name: str, tensor: Any, persistent: bool = True) -> None:
        """Assign a :class:`~nn.parameter.Buffer` of ``tensor`` to the attribute ``name``."""
        data = tensor.data if isinstance(tensor, Tensor) else tensor
        setattr(self, name, None if data is None else Buffer(data, persistent))

    # --- what belongs to it -------------------------------------------------------------------

    def named_children(self) -> Iterator[tuple[str, "Module"]]:
        """The modules directly inside, with their names."""
        for name, value in list(vars(self).items()):
            if isinstance(value, Module):
                yield name, value

    def children(self) -> Iterator["Module"]:
        """The modules directly inside."""
        return (child for _, child in self.named_children())

    def named_modules(
        self, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, "Module"]]:
        """The module itself (under the name ``prefix``) and all inside it, each after its parent."""
        seen = set()
        waiting: list[tuple[str, Module]] = [(prefix, self)]
        while waiting:
            path, module = waiting.pop()
            if remove_duplicate and id(module) in seen:
                continue
            seen.add(id(module))
            yield path, module
            inside = [(f"{path}.{n}" if path else n, m) for n, m in module.named_children()]
            waiting += reversed(inside)

    def modules(self) -> Iterator["Module"]:
        """The module itself and all inside it."""
        return (module for _, module in self.named_modules())

    def get_submodule(self, path: str) -> "Module":
        """The module at ``path``, for example ``"features.2"``; ``""`` is this one."""
        module = self
        for name in path.split(".") if path else ():
            module = getattr(module, name)
        if not isinstance(module, Module):
            raise AttributeError(f"{path!r} is {type(module).__name__}, expected a module.")
        return module

    def _named(
        self, kind: type[Tensor], prefix: str, recurse: bool, remove_duplicate: bool
    ) -> Iterator[tuple[str, Any]]:
        seen = set()
        modules = self.named_modules(prefix, remove_duplicate) if recurse else [(prefix, self)]
        for path, module in modules:
            for name, value in list(vars(module).items()):
                if isinstance(value, kind) and not (remove_duplicate and id(value) in seen):
                    seen.add(id(value))
                    yield (f"{path}.{name}" if path else name), value

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """All parameters with their paths (``"features.2.weight"``); a shared one comes once.

        Without ``recurse`` only those of the module itself.
        """
        return self._named(Parameter, prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """All parameters, with ``recurse`` those of the modules inside too."""
        found: dict[Parameter, None] = {}
        self._collect(found, set() if recurse else None)
        return iter(found)

    def _collect(self, found: dict[Parameter, None], seen: "set[Module] | None") -> None:
        """``named_parameters`` without the names: training loops ask in every step."""
        inside = []
        for value in vars(self).values():
            if value.__class__ in _PLAIN:
                continue
            if isinstance(value, Parameter):
                found[value] = None
            elif isinstance(value, Module):
                inside.append(value)
        if seen is not None:
            for module in inside:
                if module not in seen:
                    seen.add(module)
                    module._collect(found, seen)

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Buffer]]:
        """All buffers with their paths."""
        return self._named(Buffer, prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Buffer]:
        """All buffers, with ``recurse`` those of the modules inside too."""
        return (buffer for _, buffer in self.named_buffers(recurse=recurse))

    # --- changing all of it -------------------------------------------------------------------

    def apply(self: M, function: Callable[["Module"], object]) -> M:
        """Call ``function`` on every module inside and then on this one; returns this one."""
        for child in self.children():
            child.apply(function)
        function(self)
        return self

    def train(self: M, mode: bool = True) -> M:
        """Say that what follows is training (or, with False, use); returns the module."""
        for module in self.modules():
            vars(module)["training"] = mode
        return self

    def eval(self: M) -> M:
        """Say that what follows is use: no dropout, running statistics; returns the module."""
        return self.train(False)

    def requires_grad_(self: M, requires_grad: bool = True, pattern: str = "*") -> M:
        """Freeze (False) or thaw the parameters whose path matches ``pattern``; returns the module.

        ``pattern`` is a shell pattern: ``"features.*"``, ``"*.bias"``.  Raises ``ValueError`` when it
        matches nothing.
        """
        matching = [p for name, p in self.named_parameters() if fnmatchcase(name, pattern)]
        if not matching and pattern != "*":
            names = ", ".join(name for name, _ in self.named_parameters())
            raise ValueError(
                f"requires_grad_: no parameter matches {pattern!r}. There are: {names}."
            )
        for parameter in matching:
            parameter.requires_grad = requires_grad
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients, or fill them with zeros."""
        for parameter in self.parameters():
            if set_to_none:
                parameter.grad = None
            elif parameter.grad is not None:
                parameter.grad = Tensor(np.zeros_like(parameter.data))

    def astype(self: M, dtype: Any) -> M:
        """Convert all parameters and floating buffers to ``dtype``, a floating one; returns the module.

        The arrays are replaced, so make the optimizer afterwards.
        """
        if np.dtype(dtype).kind not in "fc":
            raise TypeError(
                f"astype: expected a floating dtype, got {np.dtype(dtype)}. Parameters are learned "
                "by gradients: use numpy.float32 or numpy.float64."
            )
        for tensor in [*self.parameters(), *self.buffers()]:
            if tensor.dtype.kind in "fc":
                gradient, tensor.grad = tensor.grad, None
                tensor.data = tensor.data.astype(dtype)
                tensor.grad = None if gradient is None else gradient.detach().astype(dtype)
        return self

    # --- saving and loading -------------------------------------------------------------------

    def _named_state(self) -> Iterator[tuple[str, Tensor]]:
        for path, module in self.named_modules(remove_duplicate=False):
            values = list(vars(module).items())
            own: list[tuple[str, Tensor]] = []
            own += [(n, v) for n, v in values if isinstance(v, Parameter)]
            own += [(n, v) for n, v in values if isinstance(v, Buffer) and v.persistent]
            for name, value in own:
                yield (f"{path}.{name}" if path else name), value

    def state_dict(self) -> dict[str, Any]:
        """Copies of the arrays of all parameters and persistent buffers, by path."""
        return {name: tensor.data.copy() for name, tensor in self._named_state()}

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True) -> Incompatible:
        """Overwrite parameters and buffers with the arrays of ``state_dict``, all or none.

        Values are arrays or tensors of the same shapes; they are converted to the dtype the module
        has.  With ``strict=False`` keys on one side only are passed over and returned.

        Raises ``ValueError`` that lists every missing and unexpected key and every wrong shape;
        nothing has been changed then.
        """
        targets = dict(self._named_state())
        missing = [key for key in targets if key not in state_dict]
        unexpected = [key for key in state_dict if key not in targets]
        problems = []
        if strict:
            problems += [f"missing: {', '.join(missing)}"] if missing else []
            problems += [f"unexpected: {', '.join(unexpected)}"] if unexpected else []
        loaded = []
        for key in [key for key in targets if key in state_dict]:
            value = _loaded(state_dict[key], targets[key].data, key, problems)
            loaded.append((targets[key], value))
        if problems:
            raise ValueError(
                f"{type(self).__name__}.load_state_dict: "
                + "; ".join(problems)
                + ". Nothing was loaded. Use the model that was saved, or strict=False for a part."
            )
        for tensor, value in loaded:
            tensor.data[...] = value
        increment_version(*[tensor for tensor, _ in loaded])
        return Incompatible(missing, unexpected)

    # --- hooks --------------------------------------------------------------------------------

    def _own_hooks(self) -> Hooks:
        if self._hooks is None:
            vars(self)["_hooks"] = Hooks()
        return self._hooks  # type: ignore[return-value]  # it has just been set

    def register_forward_pre_hook(self, hook: Callable[..., Any]) -> Handle:
        """Call ``hook(module, args)`` before ``forward``; it may return other arguments."""
        hooks = self._own_hooks()
        return hooks.add(hooks.before_forward, hook)

    def register_forward_hook(self, hook: Callable[..., Any]) -> Handle:
        """Call ``hook(module, args, output)`` after ``forward``; it may return another output."""
        hooks = self._own_hooks()
        return hooks.add(hooks.after_forward, hook)

    def register_full_backward_hook(self, hook: Callable[..., Any]) -> Handle:
        """Call ``hook(module, grad_input, grad_output)`` when the backward pass leaves the module.

        Both are tuples of tensors: the gradients of the tracked positional arguments and of the
        outputs.  It may return a replacement of ``grad_input``.
        """
        hooks = self._own_hooks()
        return hooks.add(hooks.backward, hook)

    # --- looking ------------------------------------------------------------------------------

    def summary(self, input_shape: tuple[int, ...], dtype: Any = None) -> Summary:
        """A table of the layers: output shapes, numbers of parameters, memory.

        ``input_shape`` is that of a batch, its first axis included; the model runs once on zeros of
        that shape, as after ``eval()`` and without recording.  Their dtype is the parameters', or
        ``dtype`` (``int`` for indices).  Memory is that of the parameters and of the outputs.

        >>> import nn
        >>> nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10)).summary((8, 64))
        layer  kind    output shape  parameters   memory
        -----  ------  ------------  ----------  -------
        0      Linear  (8, 32)            2,080  9.1 KiB
        1      ReLU    (8, 32)                0  1.0 KiB
        2      Linear  (8, 10)              330  1.6 KiB
        2,410 parameters, 2,410 of them learned: 9.4 KiB; outputs of this batch: 2.3 KiB
        """
        return summarize(self, input_shape, dtype)

    def extra_repr(self) -> str:
        """What stands in the parentheses of ``repr``, for example ``"in_features=3"``."""
        return ""

    def __repr__(self) -> str:
        inside = [f"  ({n}): {c!r}".replace("\n", "\n  ") for n, c in self.named_children()]
        extra = self.extra_repr()
        if not inside:
            return f"{type(self).__name__}({extra})"
        lines = [extra] if extra else []
        return "\n".join([f"{type(self).__name__}({', '.join(lines)}", *inside, ")"])


def _loaded(value: Any, like: Any, key: str, problems: list[str]) -> Any:
    """``value`` as an array with the shape and dtype of ``like``; what is wrong goes to ``problems``."""
    array = np.asarray(value.data if isinstance(value, Tensor) else value)
    if array.shape != like.shape:
        problems.append(f"{key}: expected shape {like.shape}, got {array.shape}")
    elif array.dtype.kind not in "fciub" or (array.dtype.kind == "c" and like.dtype.kind != "c"):
        problems.append(f"{key}: expected {like.dtype}, got {array.dtype}")
    else:
        return array.astype(like.dtype)
    return None


def _name_path(error: Exception) -> None:
    """Put the path of the module we are in behind the first sentence of the error's message."""
    if len(error.args) == 1 and isinstance(message := error.args[0], str) and "[in " not in message:
        sentence, stop, rest = message.partition(". ")
        if not stop:
            sentence, stop = message.removesuffix("."), message[len(message.removesuffix(".")) :]
        error.args = (f"{sentence} [in {scope_path(current_mode().scope)}]{stop}{rest}",)
