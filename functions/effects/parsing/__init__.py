"""Reads files in contained child processes.

`contained` is the `Parser` that listeners use. It keeps one warm process (`nursery`) from which a fresh child is forked
for every file; the child (`child`) gives up all it does not need (`limits`), reads the file (`reading` and the readers
beside it) and sends what it reads as frames (`frames`).
"""
