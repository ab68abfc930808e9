"""How far chainrule is from hand-written NumPy, and from the others.  `make bench` prints the table."""
