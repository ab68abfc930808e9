"""The primitives, one family a file.  Importing them registers NumPy's functions for tensors."""
