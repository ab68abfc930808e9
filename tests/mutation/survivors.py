"""Mutants that no check can or need notice, with the reason: (module, before → after)."""

EXPLAINED: dict[tuple[str, str], str] = {}
