"""Builds the companies that the sandboxes load: every name and amount is made here, none is real.

`rows` says what a seed is made of, `demo` and `real` put one together, `writing` lays it on disk.
The format of the files is in connectors/seeds/README.md.
"""
