"""`voxcor library people`: who is enrolled."""

import json
from typing import Any

from voxcor.cli.library.options import JsonOption
from voxcor.language import say

HELP = say("Who is enrolled, and by which models.", "已登记的人，以及由哪些模型登记。")


def people(as_json: JsonOption = False) -> None:
    from voxcor.people.book import People
    from voxcor.settings import Settings

    for person in People(Settings().home).all():
        document = person.to_document()
        print(json.dumps(document, ensure_ascii=False) if as_json else _line(document))


def _line(document: dict[str, Any]) -> str:
    from voxcor.untrusted import printable

    heard = say("; ", "；").join(
        say(
            f"{one['model']}, {one['utterances']} utterance{'s' * (one['utterances'] != 1)}, "
            f"{one['seconds']:.1f} s",
            f"{one['model']}，{one['utterances']} 个语段，{one['seconds']:.1f} 秒",
        )
        for one in document["heard_by"]
    )
    return say(
        f"{printable(document['person'])}: {heard}", f"{printable(document['person'])}：{heard}"
    )
