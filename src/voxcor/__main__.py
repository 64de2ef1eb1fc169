"""`python -m voxcor` is the `voxcor` command."""

from voxcor.cli import main

main()
