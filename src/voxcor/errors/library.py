"""The library does not do what it is asked."""

from voxcor.errors.base import VoxcorError


class LibraryError(VoxcorError):
    """The library, or a question to it, cannot be used."""

    code = "library_error"
    en = "{reason_en}"
    zh = "{reason_zh}"


class LibraryEmpty(LibraryError):
    code = "library_empty"
    en = "The library is empty. Put recordings or results into it: voxcor library add PATH..."
    zh = "库中没有内容。请先放入录音或结果：voxcor library add PATH..."


class LibraryNewer(LibraryError):
    code = "library_newer"
    en = "{path}: written by a newer Voxcor (schema {found}, known here: {known}). Update Voxcor."
    zh = "{path}：由更新版本的心声写入（结构版本 {found}，此处支持 {known}）。请更新心声。"


class LibraryCorrupt(LibraryError):
    code = "library_corrupt"
    en = (
        "{path}: this library cannot be read ({reason}). Move the folder away and add the "
        "recordings or results again."
    )
    zh = "{path}：无法读取该库（{reason}）。请移走该文件夹，重新放入录音或结果。"


class NotInLibrary(LibraryError):
    code = "not_in_library"
    en = "Nothing in the library is called {name}."
    zh = "库中没有名为 {name} 的内容。"


class RecordingGone(LibraryError):
    code = "recording_gone"
    en = "{name}: this recording is no longer where it was when it was added."
    zh = "{name}：该录音已不在收录时的位置。"


class ModelNotInLibrary(LibraryError):
    code = "model_not_in_library"
    en = "The library has nothing by {model}. It has vectors by: {known}."
    zh = "库中没有 {model} 的特征向量。现有模型：{known}。"


class NoVectors(LibraryError):
    """A result without what the library stands on."""

    code = "no_vectors"
    en = (
        "{name}: this result has no embedding that fits it. Recognise it with --embedding, or add "
        "the recording itself."
    )
    zh = "{name}：该结果没有与之相符的特征向量。请在识别时加 --embedding，或直接放入录音。"


class SoundGone(LibraryError):
    """A result without vectors, and without the sound that they could be made of."""

    code = "sound_gone"
    en = (
        "{name}: this result has no embedding, and its sound is no longer there to be heard again. "
        "Recognise the recording again with its embedding, or add the recording itself."
    )
    zh = (
        "{name}：该结果没有特征向量，其声音也已不在，无法重新提取。"
        "请重新识别录音并保留特征向量，或直接放入录音。"
    )


class NoSuchPerson(LibraryError):
    code = "no_such_person"
    en = "Nobody called {person} is enrolled. Enrolled: {known}."
    zh = "没有登记名为 {person} 的人。已登记：{known}。"


class NotEnrolled(LibraryError):
    """A person is enrolled, but another model heard them."""

    code = "not_enrolled"
    en = (
        "{person} is enrolled with {known}, not with {model}; scores of different models do not "
        "compare. Enrol them with it: voxcor library enrol {person} PATH... --model {model}"
    )
    zh = (
        "{person} 是用 {known} 登记的，不是 {model}；不同模型的得分不可比较。"
        "请用该模型登记：voxcor library enrol {person} PATH... --model {model}"
    )


class TooLittleSpeech(LibraryError):
    """Not enough of a person to know how they usually sound."""

    code = "too_little_speech"
    en = (
        "{person}: {utterances} utterances, {seconds:.1f} s of speech. That says too little of how "
        "somebody usually sounds: it takes {fewest} utterances and {least_s:g} s.{unusable}"
    )
    zh = (
        "{person}：{utterances} 个语段，语音 {seconds:.1f} 秒，不足以了解一个人平常的声音；"
        "至少需要 {fewest} 个语段、{least_s:g} 秒。{unusable}"
    )


class NoNeutral(LibraryError):
    code = "no_neutral"
    en = "{model} has no label neutral, beside which a person could be heard."
    zh = "{model} 没有 neutral（中性）标签，无法以平常声音为参照。"


class NoSessionSound(LibraryError):
    """Events of a live session, which hold no vectors, without what was said in it."""

    code = "no_session_sound"
    en = (
        "{name}: these are events of a live session, which hold no vectors. Put its sound beside "
        "them, under the same name ({stem}.wav)."
    )
    zh = (
        "{name}：这是实时会话的事件，不含特征向量。请将会话的声音以同名文件放在旁边（{stem}.wav）。"
    )


class LabelsTooFew(LibraryError):
    """What is labelled is not enough to say anything of it."""

    code = "labels_too_few"


class LabelInvalid(LibraryError):
    code = "label_invalid"
    en = "{label!r} is no label: a label is one line of up to {most} characters, and one emotion."
    zh = "{label!r} 不是标签：标签应为单行，最多 {most} 个字符，且只表示一种情感。"


class ModelsDiffer(LibraryError):
    code = "models_differ"
    en = (
        "{first} was heard by {one} and {second} by {other}: only what one model heard can be "
        "laid on each other. Let one model hear both (in a terminal: --model)."
    )
    zh = (
        "{first} 由 {one} 识别，而 {second} 由 {other} 识别：只有同一模型的结果才能对齐比较。"
        "请用同一模型识别两者（终端中用 --model 指定）。"
    )


class NothingToCompare(LibraryError):
    code = "nothing_to_compare"
    en = "No recording has an answer by both models."
    zh = "没有同时具有两个模型结果的录音。"


class QueryInvalid(LibraryError):
    code = "query_invalid"
    en = "{query!r}: {reason_en}"
    zh = "{query!r}：{reason_zh}"
