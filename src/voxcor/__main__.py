"""`python -m voxcor` is `voxcor`."""

from voxcor.cli import main

main()
