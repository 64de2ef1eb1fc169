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


class ModelsDiffer(LibraryError):
    code = "models_differ"
    en = (
        "{first} was heard by {one} and {second} by {other}: only what one model heard can be "
        "laid on each other. Choose it with --model."
    )
    zh = (
        "{first} 由 {one} 识别，而 {second} 由 {other} 识别：只有同一模型的结果才能对齐比较。"
        "可用 --model 指定模型。"
    )


class NothingToCompare(LibraryError):
    code = "nothing_to_compare"
    en = "No recording has an answer by both models."
    zh = "没有同时具有两个模型结果的录音。"


class QueryInvalid(LibraryError):
    code = "query_invalid"
    en = "{query!r}: {reason_en}"
    zh = "{query!r}：{reason_zh}"
