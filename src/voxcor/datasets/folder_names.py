"""What the name of a folder in a corpus means: a split, a fold, a session, a person.

Vocabulary only; `folder_tree` looks at all names of a level together.
"""

import re
from collections.abc import Callable
from typing import Literal

Split = Literal["train", "validation", "test"]

_SPLITS: dict[str, Split] = {
    **dict.fromkeys(("train", "training", "trn", "训练"), "train"),
    **dict.fromkeys(
        ("validation", "valid", "val", "dev", "devel", "development", "验证", "开发"), "validation"
    ),
    **dict.fromkeys(("test", "testing", "tst", "eval", "evaluation", "测试", "评估"), "test"),
}

# `train_set`, `test-data`, `train_splits`, 训练集.
_SPLIT_ENDING = re.compile(r"[ _-]*(set|data|splits?|audio|集)$")

_LANGUAGES = frozenset(
    {
        *("ar", "bn", "ca", "cs", "da", "de", "el", "en", "es", "et", "fa", "fi", "fr", "he"),
        *("hi", "hu", "id", "it", "ja", "ko", "lt", "lv", "ms", "nl", "no", "pl", "pt", "ro"),
        *("ru", "sk", "sv", "ta", "te", "th", "tr", "uk", "ur", "vi", "zh", "arabic"),
        *("bengali", "cantonese", "chinese", "czech", "danish", "dutch", "english", "estonian"),
        *("finnish", "french", "german", "greek", "hebrew", "hindi", "hungarian", "indonesian"),
        *("italian", "japanese", "korean", "mandarin", "norwegian", "persian", "polish"),
        *("portuguese", "romanian", "russian", "spanish", "swedish", "tamil", "telugu", "thai"),
        *(
            "turkish",
            "ukrainian",
            "urdu",
            "vietnamese",
            "中文",
            "汉语",
            "普通话",
            "粤语",
            "英语",
            "英文",
        ),
        *("日语", "韩语", "德语", "法语", "西班牙语", "俄语"),
    }
)

_GENDERS = frozenset(
    {
        *("f", "m", "female", "females", "male", "males", "man", "men", "woman", "women"),
        *("boy", "boys", "girl", "girls", "男", "女", "男性", "女性", "男声", "女声"),
    }
)

_INTENSITIES = frozenset(
    {
        *("high", "low", "medium", "mid", "mild", "moderate", "normal", "strong", "weak"),
        *("intense", "unspecified", "强", "中", "弱"),
    }
)

_FOLD = re.compile(r"(cv|fold|折|第)[ _-]*\d+折?")

_SESSION = re.compile(
    r"(session|sess|ses|day|week|visit|dialogue?|conversation|会话)[ _-]*\d+[a-z]?"
    r"|(19|20)\d\d[-_.]?[01]\d[-_.]?[0-3]\d"
)

# Before a number, what is no person: `sentence 3`, `mic2`, `take_1`.
_THINGS = frozenset(
    {
        *("cd", "ch", "clip", "disc", "disk", "file", "line", "mic", "no", "nr", "page"),
        *("part", "rep", "scene", "sen", "seg", "set", "take", "text", "txt", "utt", "v"),
        *("ver", "vol", "wav"),
    }
)

_PERSON = re.compile(
    r"(actor|actress|agent|caller|child|customer|participant|patient|person|speaker|spkr|spk|"
    r"subject|subj|talker|user|voice|演员|发音人|说话人|用户|被试)[ _-]*\w.*"
)

_CODE = re.compile(r"([a-z]{0,4})[ _-]?\d{1,6}[a-z]{0,2}")


def split_named(name: str) -> Split | None:
    """Which split is called so, in either language; None where none is."""
    plain = name.strip().casefold()
    return _SPLITS.get(plain) or _SPLITS.get(_SPLIT_ENDING.sub("", plain))


def is_language(name: str) -> bool:
    """Whether it is the code or the name of one, `zh-CN` too."""
    return re.split("[-_]", _plain(name))[0] in _LANGUAGES


def is_person(name: str) -> bool:
    """Whether it says that it is somebody: `Actor_01`, `spk2`, `speaker Anna`."""
    return _PERSON.fullmatch(_plain(name)) is not None


def is_code(name: str) -> bool:
    """Whether it is a number or a code such as people have in corpora: `0003`, `S1`, `F02`."""
    found = _CODE.fullmatch(_plain(name))
    return found is not None and found[1] not in _THINGS


# What else than labels and people a level may be, by the column it becomes.
ROLES: dict[str, Callable[[str], bool]] = {
    "split": lambda name: split_named(name) is not None,
    "fold": lambda name: _FOLD.fullmatch(_plain(name)) is not None,
    "session": lambda name: _SESSION.fullmatch(_plain(name)) is not None,
    "language": is_language,
    "gender": lambda name: _plain(name) in _GENDERS,
    "intensity": lambda name: _plain(name) in _INTENSITIES,
}


def _plain(name: str) -> str:
    return name.strip().casefold()
