"""Arguments for the rows of the table: drawn from their domains, in every memory layout."""

import zlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .case import Case, Shapes

Arrays = tuple[np.ndarray, ...]


def draw(case: Case, shapes: Shapes) -> Arrays:
    """The arguments of a row, the same ones in every run; read-only, so that a write raises."""
    rng = np.random.default_rng(zlib.crc32(f"{case.name} {shapes}".encode()))
    arrays = [
        np.asarray(_DRAW[name](rng, shape, *_argument(domain, i)))
        for i, (shape, domain) in enumerate(zip(shapes, domains(case, shapes), strict=True))
        for name in [domain.partition(":")[0]]
    ]
    for array in arrays:
        array.flags.writeable = False
    return tuple(arrays)


def domains(case: Case, shapes: Shapes) -> tuple[str, ...]:
    """The domain of each argument."""
    return (case.domain,) * len(shapes) if isinstance(case.domain, str) else case.domain


def differentiated(case: Case, shapes: Shapes) -> tuple[int, ...]:
    """The positions of the arguments that have a gradient."""
    names = enumerate(domains(case, shapes))
    return tuple(i for i, d in names if not d.startswith(("index", "bool")))


def function(case: Case, shapes: Shapes, f: Callable[..., Any]) -> Callable[..., Any]:
    """``f`` as a function of free entries: what must be symmetric is made so inside.

    Then the entries above and below the diagonal are independent variables for everybody, and their
    gradients can be compared."""
    symmetric = [d in ("spd", "symmetric") for d in domains(case, shapes)]
    if not any(symmetric):
        return f
    return lambda *args: f(
        *[(a + a.mT) / 2 if s else a for a, s in zip(args, symmetric, strict=True)]
    )


def _argument(domain: str, i: int) -> tuple[int, ...]:
    limit = domain.partition(":")[2]
    return (int(limit) if limit else i,)


def _distinct(rng: Any, shape: Any, i: int) -> np.ndarray:
    """Entries at least 0.1 apart, also between the arguments, and no nearer to a whole number than
    0.02."""
    n = int(np.prod(shape))
    grid = 0.4 * (np.arange(n) - n // 2) + 0.13 * i + 0.0271
    return rng.permutation(grid).reshape(shape)


def _symmetric(rng: Any, shape: Any, i: int) -> np.ndarray:
    """Eigenvalues at least 0.5 apart, none near 0."""
    q, _ = np.linalg.qr(rng.normal(size=shape))
    n = shape[-1]
    values = (np.arange(1, n + 1) * 0.7) * np.where(np.arange(n) % 2, -1.0, 1.0)
    return (q * values) @ np.swapaxes(q, -1, -2)


def _spd(rng: Any, shape: Any, i: int) -> np.ndarray:
    q, _ = np.linalg.qr(rng.normal(size=shape))
    return (q * (np.arange(shape[-1]) * 0.6 + 0.5)) @ np.swapaxes(q, -1, -2)


def _invertible(rng: Any, shape: Any, i: int) -> np.ndarray:
    """Singular values between 0.8 and a few, all distinct; not square: of full rank."""
    u, _, vt = np.linalg.svd(rng.normal(size=shape), full_matrices=False)
    return (u * (np.arange(u.shape[-1]) * 0.6 + 0.8)) @ vt


_DRAW: dict[str, Callable[..., Any]] = {
    "real": lambda rng, shape, i: rng.normal(size=shape),
    "positive": lambda rng, shape, i: rng.uniform(0.4, 2.0, shape),
    "nonzero": lambda rng, shape, i: rng.uniform(0.3, 2.0, shape) * rng.choice([-1.0, 1.0], shape),
    "unit": lambda rng, shape, i: rng.uniform(-0.8, 0.8, shape),
    "above_one": lambda rng, shape, i: rng.uniform(1.3, 3.0, shape),
    "distinct": _distinct,
    "symmetric": _symmetric,
    "spd": _spd,
    "invertible": _invertible,
    "index": lambda rng, shape, n: rng.integers(0, n, shape),
    "bool": lambda rng, shape, i: rng.random(shape) < 0.5,
}


def layouts(arrays: Arrays) -> Iterator[tuple[str, Arrays]]:
    """The same numbers in other memory layouts, where they differ from the plain one."""
    yield "C", arrays
    for name, lay_out in _LAYOUTS.items():
        if any(a.size > 1 and a.ndim >= (2 if name == "Fortran" else 1) for a in arrays):
            yield name, tuple(_read_only(lay_out(a)) if a.ndim else a for a in arrays)


def _read_only(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array


def _reversed(a: np.ndarray) -> np.ndarray:
    """Negative strides."""
    return np.flip(np.flip(a).copy())


def _spread(a: np.ndarray) -> np.ndarray:
    """Every second entry of a larger array."""
    larger = np.zeros([2 * n for n in a.shape], a.dtype)
    view = larger[(slice(None, None, 2),) * a.ndim]
    view[...] = a
    return np.asarray(view)


_LAYOUTS = {"Fortran": np.asfortranarray, "negative strides": _reversed, "strided": _spread}


def like(arrays: list[Any], name: str) -> list[np.ndarray]:
    """Random arrays of the shapes and dtypes of ``arrays``: cotangents or tangents."""
    rng = np.random.default_rng(zlib.crc32(name.encode()) ^ 0x5EED)
    return [
        np.asarray(rng.uniform(0.5, 1.5, a.shape) * rng.choice([-1, 1], a.shape), a.dtype)
        for a in arrays
    ]
