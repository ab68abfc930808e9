"""Mutation: plant errors in the derivative rules and see that the quick checks notice."""
