"""The sizes of the published emotion2vec models."""

from voxcor.models.families.emotion2vec.architecture import Architecture

BASE = Architecture(embed_dim=768, num_heads=12, prenet_depth=4, depth=8, num_outputs=9)
LARGE = Architecture(embed_dim=1024, num_heads=16, prenet_depth=4, depth=8, num_outputs=9)
