"""Modules made of modules."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast, overload

from .module import Module

__all__ = ["ModuleDict", "ModuleList", "Sequential"]


class _Numbered(Module):
    """Abstract: modules under the names "0", "1", ...; what a list and a sequence have in common."""

    def append(self, module: Module) -> "_Numbered":
        """Add a module at the end; returns the container."""
        setattr(self, str(len(self)), _require_module(type(self).__name__, module))
        return self

    def extend(self, modules: Iterable[Module]) -> "_Numbered":
        """Add modules at the end; returns the container."""
        for module in modules:
            self.append(module)
        return self

    def _name_at(self, i: int) -> str:
        names = [name for name, _ in self.named_children()]
        if not -len(names) <= i < len(names):
            raise IndexError(
                f"{type(self).__name__}: index {i} is out of range for {len(names)} modules."
            )
        return names[i]

    @overload
    def __getitem__(self, i: int) -> Any: ...
    @overload
    def __getitem__(self, i: slice) -> "_Numbered": ...
    def __getitem__(self, i: int | slice) -> Any:
        if not isinstance(i, slice):
            return getattr(self, self._name_at(i))
        part = self._empty()
        for name, module in list(self.named_children())[i]:
            setattr(part, name, module)  # under the old name, which is its name in errors
        return part

    def _empty(self) -> "_Numbered":
        raise NotImplementedError

    def __setitem__(self, i: int, module: Module) -> None:
        setattr(self, self._name_at(i), _require_module(type(self).__name__, module))

    def __len__(self) -> int:
        return sum(1 for _ in self.children())

    def __iter__(self) -> Iterator[Any]:
        return self.children()


class Sequential(_Numbered):
    """Modules one after another: each is called on what the one before returned.

    Give the modules, or one dict of them by name.  Indexing gives a module, a slice another
    Sequential of the same modules.

    >>> import nn
    >>> model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    >>> model
    Sequential(
      (0): Linear(in_features=4, out_features=8, bias=True)
      (1): ReLU()
      (2): Linear(in_features=8, out_features=2, bias=True)
    )
    """

    def __init__(self, *modules: Module | Mapping[str, Module]) -> None:
        super().__init__()
        if len(modules) == 1 and isinstance(modules[0], Mapping):
            for name, module in modules[0].items():
                _require_new_name(self, name)
                setattr(self, name, _require_module("Sequential", module))
        else:
            self.extend(cast("tuple[Module, ...]", modules))

    def _empty(self) -> "Sequential":
        return Sequential()

    def forward(self, input: Any) -> Any:
        """The last module's output."""
        for module in vars(self).values():
            if isinstance(module, Module):
                input = module(input)
        return input


class ModuleList(_Numbered):
    """A list of modules that belong to the module it is an attribute of.

    It can't be called: say in ``forward`` what happens to its modules.

    >>> import nn
    >>> layers = nn.ModuleList(nn.Linear(2, 2) for _ in range(3))
    >>> len(layers), [name for name, _ in layers.named_parameters()][:2]
    (3, ['0.weight', '0.bias'])
    """

    _called = False

    def __init__(self, modules: Iterable[Module] = ()) -> None:
        super().__init__()
        self.extend(modules)

    def _empty(self) -> "ModuleList":
        return ModuleList()


class ModuleDict(Module):
    """A dict of modules that belong to the module it is an attribute of.

    >>> import nn
    >>> heads = nn.ModuleDict({"digit": nn.Linear(8, 10), "parity": nn.Linear(8, 2)})
    >>> heads["parity"].out_features, list(heads)
    (2, ['digit', 'parity'])
    """

    _called = False

    def __init__(self, modules: Mapping[str, Module] | None = None) -> None:
        super().__init__()
        for name, module in (modules or {}).items():
            self[name] = module

    def __getitem__(self, name: str) -> Any:
        if name not in self:
            raise KeyError(
                f"ModuleDict: no module {name!r}; there are {', '.join(self) or 'none'}."
            )
        return getattr(self, name)

    def __setitem__(self, name: str, module: Module) -> None:
        if name not in self:
            _require_new_name(self, name)
        setattr(self, name, _require_module("ModuleDict", module))

    def __delitem__(self, name: str) -> None:
        delattr(self, name)

    def __contains__(self, name: object) -> bool:
        return any(name == own for own, _ in self.named_children())

    def __len__(self) -> int:
        return sum(1 for _ in self.children())

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self.named_children())

    def keys(self) -> list[str]:
        """The names."""
        return [name for name, _ in self.named_children()]

    def values(self) -> list[Module]:
        """The modules."""
        return [module for _, module in self.named_children()]

    def items(self) -> list[tuple[str, Module]]:
        """The names and the modules."""
        return list(self.named_children())


def _require_module(container: str, module: Any) -> Module:
    if not isinstance(module, Module):
        raise TypeError(
            f"{container}: expected modules, got {type(module).__name__}. A function has a module "
            "too, for example nn.ReLU() for nn.functional.relu."
        )
    return module


def _require_new_name(container: Module, name: str) -> None:
    if not name or "." in name or hasattr(container, name):
        raise ValueError(
            f"{type(container).__name__}: {name!r} can't name a module: expected text without a dot "
            "that is no attribute already."
        )
