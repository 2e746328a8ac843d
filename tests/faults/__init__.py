"""Faults, drawn by seed, in a tiny project: nothing may be lost, and nothing be wrong in silence.

`make faults N=1000 SEED=0`. A fault is one process, forked from one that has everything imported, in a fresh
copy of a project that was made without any disturbance. Kinds of faults are the files of `kinds/`.
"""
