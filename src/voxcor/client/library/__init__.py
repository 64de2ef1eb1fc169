"""`Client.library`: the library of a server, by the names of `voxcor.library`."""
