"""The case table: one row for each way a primitive is called.  See ``case.py`` for the format."""
