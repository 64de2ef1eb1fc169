"""The families of models, a module or a folder each; `voxcor.models.family` says what one tells."""
