"""What the name of a file promises by its extension: a recording, bare samples, or neither."""

from pathlib import PurePath

# The container that each extension stands for, by the names of `voxcor.audio.headers`; those that
# are told there by no mark stand for nothing but sound. FFmpeg's own tables lack what phones and
# browsers write (.3ga, .awb, .qta, .weba), have pictures and texts (.avif, .apl), and take longer
# to load than a folder takes to search; a test holds this table against them.
_CONTAINERS: dict[str, tuple[str, ...]] = {
    "wav": (".wav", ".wave", ".bwf", ".rf64"),
    "w64": (".w64",),
    "aiff": (".aif", ".aifc", ".aiff", ".afc"),
    "au": (".au", ".snd"),
    "caf": (".caf",),
    "flac": (".flac",),
    "ogg": (".ogg", ".oga", ".ogm", ".ogv", ".ogx", ".opus", ".spx"),
    "mp3": (".mp3", ".mp1", ".mp2", ".m2a", ".mpa", ".mpga"),
    "aac": (".aac", ".adts"),
    "mp4": (
        *(".m4a", ".m4b", ".m4r", ".m4v", ".mp4", ".mov", ".qt", ".qta", ".mj2", ".psp"),
        *(".3g2", ".3gp", ".3gp2", ".3gpp", ".f4a", ".f4b", ".f4v", ".isma", ".ismv"),
        *(".aac", ".3ga"),  # phones write either under these names
    ),
    "matroska": (".mka", ".mkv", ".mk3d", ".weba", ".webm"),
    "amr": (".amr", ".awb", ".3ga"),
    "asf": (".asf", ".wma", ".wmv"),
    "avi": (".avi", ".divx"),
    "flv": (".flv",),
    "": (
        *(".ac3", ".eac3", ".ec3", ".ape", ".mac", ".dsf", ".dts", ".gsm", ".latm", ".loas"),
        *(
            ".mpc",
            ".mpeg",
            ".mpg",
            ".vob",
            ".dvd",
            ".ts",
            ".m2t",
            ".m2ts",
            ".mts",
            ".aa3",
            ".oma",
            ".omg",
        ),
        *(".ra", ".rm", ".rmvb", ".shn", ".tak", ".thd", ".tta", ".voc", ".wtv", ".wv", ".xwma"),
        # Of libsndfile alone.
        *(".8svx", ".avr", ".fap", ".iff", ".ircam", ".nist", ".paf", ".pvf", ".sds", ".sf"),
        *(".sph", ".svx", ".wve", ".xi"),
    ),
}

# By extension the containers that may be in a file; none where nothing else is known than that it
# is a recording.
PROMISED = {
    extension: frozenset(
        container for container, names in _CONTAINERS.items() if container and extension in names
    )
    for extension in sorted({name for names in _CONTAINERS.values() for name in names})
}

AUDIO_EXTENSIONS = frozenset(PROMISED)

ARCHIVE_EXTENSIONS = frozenset({".zip", ".7z", ".rar", ".tar", ".tgz", ".gz", ".bz2", ".xz"})

# Samples without a header: the format of `voxcor.audio.raw` that each extension stands for.
_BARE = {
    **dict.fromkeys((".ulaw", ".ul", ".mulaw", ".mu", ".u", ".pcmu", ".g711u"), "ulaw"),
    **dict.fromkeys((".alaw", ".al", ".a", ".pcma", ".g711a"), "alaw"),
    **dict.fromkeys((".raw", ".pcm", ".s16", ".sw", ".s16le"), "s16le"),
    ".sln": "sln",
    ".vox": "vox",
}

# What is never a recording, whatever its bytes look like: texts, annotations, playlists, pictures
# (HEIC has the marks of MP4), arrays, archives.
_DOCUMENTS = frozenset(
    {
        *(".csv", ".doc", ".docx", ".htm", ".html", ".ini", ".js", ".json", ".jsonl", ".log"),
        *(".md", ".ods", ".odt", ".pdf", ".ppt", ".pptx", ".py", ".rtf", ".sh", ".tex", ".tsv"),
        *(".txt", ".xls", ".xlsx", ".xml", ".yaml", ".yml"),
        *(".ass", ".ctm", ".eaf", ".lab", ".lrc", ".rttm", ".scp", ".srt", ".textgrid", ".vtt"),
        *(".cue", ".ism", ".m3u", ".m3u8", ".mpd", ".pls", ".ram"),
        *(".avif", ".bmp", ".gif", ".heic", ".heif", ".ico", ".jpeg", ".jpg", ".png", ".svg"),
        *(".tif", ".tiff", ".webp"),
        *(".h5", ".npy", ".npz", ".onnx", ".parquet", ".pkl", ".pt", ".sqlite"),
    }
)

_LONGEST = 12


def extension_of(name: str) -> str:
    """In lower case with its dot, or nothing: `call.2024` and `1700000000.42` have none."""
    suffix = PurePath(name).suffix.lower()
    is_one = suffix[1:].isalnum() and not suffix[1:].isdecimal() and len(suffix) <= _LONGEST
    return suffix if is_one else ""


def bare_format(name: str) -> str | None:
    """The format of samples without a header that a name promises: `ulaw` of `call.ul`."""
    suffix = PurePath(name).suffix.lower()
    # Asterisk counts kilohertz: .sln16.
    return _BARE.get(suffix.rstrip("0123456789")) or _BARE.get(suffix)


def is_document(extension: str) -> bool:
    """Whether it is known for something that is no recording: text, a picture, an archive."""
    return extension in _DOCUMENTS or extension in ARCHIVE_EXTENSIONS
