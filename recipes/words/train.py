"""Makes the head that reads words: from a sentence encoder's vectors to shares and dimensions.

    python recipes/words/train.py [--out head.npz]

How: `voxcor.library.words.fitting`, on the lexicon, for the encoder that comes with the library.
"""

import argparse
from pathlib import Path

from voxcor.library.words.encoder import default_encoder
from voxcor.library.words.fitting import head_bytes, vectors_and_targets
from voxcor.library.words.head import FILE

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=FILE)
    arguments = parser.parse_args()
    encoder = default_encoder()
    arguments.out.write_bytes(head_bytes(encoder.id, *vectors_and_targets(encoder)))
    print(f"{arguments.out}: {arguments.out.stat().st_size} bytes")
