"""Mutants that no check can or need notice: where, what (a part of the change), and why."""

_NAN = "both are 0, or nan where there is no derivative: a sign or a factor changes neither"
_DIAGONAL = "only the diagonal of the pairs, which is not used, would be another"

EXPLAINED = [
    ("decompositions", "undefined", _NAN),
    ("linalg", "undefined", _NAN),
    ("decompositions", "largest == 0", _DIAGONAL),
    ("decompositions", "* unit", _DIAGONAL),
    ("decompositions", "turn - mT(turn)  →  mT(turn) - turn", "only its size is looked at"),
    ("decompositions", "g * out  →", "only whether it is a rounding error is looked at"),
    ("determinants", "ng @ nh  →  nh @ ng", "the trace of a product does not see its order"),
    (
        "determinants",
        "matrix_norm(x) * np",
        "how near to singular det's third derivative is refused",
    ),
    ("linalg", "eps", "what counts as rank, among singular values that are all far from it"),
    ("einsum", "np.arange(shape[axis]", "positions that are compared with each other, all scaled"),
    ("reductions", "x  →  x * 1.001", "an array without entries"),
]


def reason(module: str, what: str) -> str:
    """Why the survivor is no fault of the checks; empty if nobody has said."""
    return next((why for m, part, why in EXPLAINED if m == module and part in what), "")
