"""What every connector has to keep, asked of each over real HTTP: one suite for five systems.

A package brings a bench (`bench.py` among its tests): its sandbox, served, our client signed in,
and hands on the other side. `capabilities.py` says which optional Protocols each client satisfies.
"""
