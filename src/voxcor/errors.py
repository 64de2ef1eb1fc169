"""Everything Voxcor raises on purpose: one tree, a code and a sentence each.

    VoxcorError
    ├── UsageError               the call itself is wrong
    │   ├── RuleInvalid          a rule that cannot be read
    │   ├── TooManyRules         more than are watched at a time
    │   ├── ProxyInvalid         a proxy of the environment that no client can use
    │   ├── HomeInUse            another server works in this VOXCOR_HOME
    │   └── ModelExists          a training would take the place of a model
    ├── InputError               one recording cannot be used; the others still can
    │   ├── InputNotFound        no such file
    │   ├── InputUnreadable      the file is there, reading it is not allowed or fails
    │   ├── NoAudioFound         a folder or pattern without audio
    │   ├── EmptyInput           zero bytes, or a container without sound
    │   ├── NotAudio             no decoder recognises the bytes
    │   ├── AudioTruncated       the file ends before its header says
    │   ├── AudioCorrupt         decoding breaks in the middle
    │   ├── InvalidSamples       samples that are NaN, infinite or absurdly large
    │   ├── DecodingFailed       decoding it crashes, or takes too much time or memory
    │   ├── AudioTooLong         more than is taken
    │   ├── TooManyChannels      more than are heard one by one
    │   ├── NoSuchTrack          it has fewer sound tracks
    │   ├── KilledTwice          the process died of it, twice
    │   ├── AudioTooShort        less than one 25 ms frame
    │   ├── NoSpeech             silence, or nothing that is speech
    │   └── SpeakersInvalid      speaker turns that cannot be read, or are of something else
    ├── ManifestError            a list of recordings that cannot be used
    ├── NotAResult               a file that is no result document
    ├── ModelError               no usable model
    │   ├── UnknownModel         not a model id and not a folder
    │   ├── ModelNotInstalled    known, but not pulled yet
    │   ├── ModelCorrupt         an installed model whose files do not fit together
    │   ├── EmbeddingsOnly       a model without labels, asked for an emotion
    │   ├── CheckpointUnsafe     a pickle that asks for code
    │   ├── CheckpointInvalid    not a checkpoint of this architecture
    │   ├── ChecksumMismatch     the bytes are not the published ones
    │   ├── HubUnreachable       no answer from the hub
    │   ├── HubRefused           the hub answers, but not with the file
    │   ├── PullInProgress       another process is pulling this model
    │   ├── VerificationFailed   the model runs, but not to the published scores
    │   └── PrecisionRefused     int8 does not answer as fp32 does
    ├── BatchError               a batch does not begin, or go on
    │   ├── BatchInProgress      another process works in its folder
    │   ├── BatchExists          a batch lies there already
    │   ├── BatchMismatch        the one that lies there is another
    │   └── LedgerCorrupt        its ledger cannot be read
    ├── StorageError             the disk
    │   ├── DiskFull             no space left
    │   ├── StorageDenied        writing is not allowed
    │   └── StateUnreadable      what Voxcor has written itself cannot be read any more
    ├── RequestError             a server does not take this request
    │   ├── MalformedRequest     its body cannot be read
    │   ├── HeadTooLarge         its address or its headers are longer than any client needs
    │   ├── WrongContentType     its body is of another type than the route reads
    │   ├── UploadTooLarge       more bytes than are allowed
    │   ├── UploadTooSlow        the bytes do not come
    │   ├── Unauthorized         the API key is missing or wrong
    │   ├── TooManyAttempts      one wrong API key after the other
    │   ├── HostRefused          it asks for a host name that is not this server's
    │   ├── OriginRefused        a page of somewhere else sent it
    │   ├── NoSuchRoute          nothing is at this address
    │   ├── NoSuchResult         no result has this id, or it has no such file
    │   ├── NoSuchJob            no job has this id, or it has no such file
    │   ├── SourceRefused        a job may not read there
    │   ├── NoSuchRule           no rule has this name
    │   ├── WebhookInvalid       not an address or a secret that a webhook can have
    │   ├── QueueFull            as many wait as may
    │   ├── TooManyConnections   as many are open as may
    │   └── NotReady             the server starts, or stops
    ├── StreamError              a live stream does not go on
    │   ├── InvalidAudioFrame    bytes that end within a 16-bit sample
    │   ├── NotBareSamples       a file of some format, or samples of another kind
    │   ├── MessageInvalid       a message that is none of the protocol
    │   ├── MessageTooLarge      more bytes than a message may have
    │   ├── ConfigInvalid        options that a session cannot have
    │   ├── TooManyStreams       as many sessions run as may
    │   └── MicrophoneFailed     there is no microphone, or it does not work
    └── ServerError              what a server answers is not Voxcor's
        ├── ServerUnreachable    there is no answer
        └── AddressUnavailable   a server cannot listen where it should

A code never changes; wording may. `message` is in the language of the process and names the
input; `details` holds what filled it.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from voxcor.language import say
from voxcor.untrusted import printable


class VoxcorError(Exception):
    """Base of all. Keyword arguments fill the sentence and stay readable as `details`."""

    code: ClassVar[str] = "internal_error"
    retryable: ClassVar[bool] = False
    en: ClassVar[str] = "Voxcor failed: {reason}"
    zh: ClassVar[str] = "Voxcor 出错:{reason}"

    def __init__(self, **details: Any) -> None:
        super().__init__(details)
        self.details = details

    @property
    def message(self) -> str:
        """One sentence that says what is wrong, with which input, and what to do about it.

        It is one line that steers no terminal and forges no line of a log, whatever names are in
        it; `details` have them as they were.
        """
        return printable(say(self.en, self.zh).format(**self.details))

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.details)

    def to_dict(self) -> dict[str, Any]:
        """The error on the wire: `code`, `message`, `retryable`, `details`."""
        return {
            "code": self.code,
            "message": self.message,
            "retryable": self.retryable,
            "details": self.details,
        }


def _rebuild(cls: type[VoxcorError], details: dict[str, Any]) -> VoxcorError:
    return cls(**details)


class UsageError(VoxcorError):
    """An option or argument that no input could make right."""

    code = "usage"
    en = "{reason_en}"
    zh = "{reason_zh}"


class RuleInvalid(UsageError):
    """A rule that cannot be read: `found` is what is wrong, at `column` of `rule`, from 1."""

    code = "rule_invalid"
    en = 'Rule "{rule}", column {column}, at "{found}": {reason_en}'
    zh = '规则 "{rule}" 第 {column} 列 "{found}" 处:{reason_zh}'


class ModelExists(UsageError):
    """A folder that holds something already. `path` is where a training was to write."""

    code = "model_exists"
    en = (
        "{path} holds a model already, and training would put another in its place. "
        "Choose another --out, or add --replace."
    )
    zh = "{path} 中已有模型，继续训练会将其替换。请用 --out 指定其他文件夹，或加上 --replace。"


class ProxyInvalid(UsageError):
    """A proxy that the environment's `variable` names, shown without its password."""

    code = "proxy_invalid"
    en = (
        "{variable} is {proxy}, which is no proxy that can be used: http, https, socks5 or "
        "socks5h, then a host and a port, such as socks5h://127.0.0.1:1080. Correct or unset it."
    )
    zh = (
        "{variable} 的值 {proxy} 不是可用的代理：应为 http、https、socks5 或 socks5h，"
        "加主机与端口，例如 socks5h://127.0.0.1:1080。请更正或取消该变量。"
    )


class HomeInUse(UsageError):
    """Two servers for one `home`; the first is at `url`."""

    code = "home_in_use"
    en = (
        "{home}: a server works with this folder already, at {url}. Use that one, or set "
        "VOXCOR_HOME to another folder."
    )
    zh = "{home}：已有服务器正在使用该文件夹（{url}）。请使用它，或把 VOXCOR_HOME 设为别的文件夹。"


class TooManyRules(UsageError):
    code = "too_many_rules"
    en = "Up to {most} rules can be saved; delete one first."
    zh = "最多可保存 {most} 条规则，请先删除一条。"


class InputError(VoxcorError):
    """One recording cannot be used. `name` is the path as given, or `<bytes>`, `<stdin>`, …

    `brief` says it in both languages where the name stands beside it and details are not known.
    """

    code = "input_error"
    brief: ClassVar[tuple[str, str] | None] = None
    en = "{name}: {reason}"
    zh = "{name}:{reason}"


class InputNotFound(InputError):
    code = "input_not_found"
    en = "{name}: no such file or folder."
    zh = "{name}:文件或文件夹不存在。"
    brief = ("The file is not there.", "文件不存在。")


class InputUnreadable(InputError):
    code = "input_unreadable"
    en = "{name}: cannot be read ({reason})."
    zh = "{name}:无法读取({reason})。"


class NoAudioFound(InputError):
    """`passed_over` says what is there instead, where something is."""

    code = "no_audio_found"
    en = "{name}: contains no audio file."
    zh = "{name}：其中没有音频文件。"

    @property
    def message(self) -> str:
        """As any error's, and what is there instead after it."""
        return f"{super().message} {printable(self.details.get('passed_over', ''))}".rstrip()


class EmptyInput(InputError):
    code = "empty_input"
    en = "{name}: holds no sound: it is empty, or has no audio track."
    zh = "{name}:其中没有声音:内容为空,或没有音轨。"
    brief = (
        "Holds no sound: it is empty, or has no audio track.",
        "其中没有声音:内容为空,或没有音轨。",
    )


class NotAudio(InputError):
    """`advice` says what it is instead and what to do about it, where that is known."""

    code = "not_audio"
    en = "{name}: is not audio in any format that can be decoded."
    zh = "{name}:不是可解码的音频格式。"
    brief = ("Is not audio in any format that can be decoded.", "不是可解码的音频格式。")

    @property
    def message(self) -> str:
        """As any error's, and the advice after it."""
        return super().message + printable(self.details.get("advice", ""))


class AudioTruncated(InputError):
    code = "audio_truncated"
    en = "{name}: is cut off: it ends before its header says, only {found_s:.2f} s can be decoded."
    zh = "{name}:文件不完整:数据少于文件头所声明的长度,只能解码 {found_s:.2f} 秒。"
    brief = (
        "Is cut off: it ends before its header says.",
        "文件不完整:数据少于文件头所声明的长度。",
    )


class AudioCorrupt(InputError):
    code = "audio_corrupt"
    en = "{name}: is damaged, decoding stops after {found_s:.2f} s ({reason})."
    zh = "{name}:文件已损坏,解码在 {found_s:.2f} 秒处中断({reason})。"
    brief = ("Is damaged: decoding stops in the middle.", "文件已损坏,解码中断。")


class InvalidSamples(InputError):
    code = "invalid_samples"
    en = (
        "{name}: holds samples that are no sound (NaN, infinity or absurdly large), "
        "the first at {at_s:.3f} s."
    )
    zh = "{name}:含有无效采样(NaN、无穷大或数值过大),首次出现在 {at_s:.3f} 秒。"
    brief = (
        "Holds samples that are no sound (NaN, infinity or absurdly large).",
        "含有无效采样(NaN、无穷大或数值过大)。",
    )


class DecodingFailed(InputError):
    code = "decoding_failed"
    en = "{name}: cannot be decoded: it takes too much time or memory, or breaks the decoder."
    zh = "{name}:无法解码:所需时间或内存过多,或导致解码器出错。"
    brief = (
        "Cannot be decoded: it takes too much time or memory, or breaks the decoder.",
        "无法解码:所需时间或内存过多,或导致解码器出错。",
    )


class AudioTooLong(InputError):
    code = "audio_too_long"
    en = "{name}: is longer than is taken here, {maximum_min} minutes."
    zh = "{name}：超过此处允许的最长时长（{maximum_min} 分钟）。"
    brief = ("Is longer than this server takes.", "超过本服务器允许的最长时长。")


class TooManyChannels(InputError):
    code = "too_many_channels"
    en = "{name}: has {channels} channels; at most {maximum} are recognised one by one. Mix them."
    zh = "{name}：有 {channels} 个声道，逐个识别最多 {maximum} 个。请改用混合声道。"


class NoSuchTrack(InputError):
    """`track` of a file with `tracks`; both count from 1."""

    code = "no_such_track"
    en = "{name}: has no sound track {track}; its tracks are 1 to {tracks}."
    zh = "{name}：没有音轨 {track}；可用音轨为 1 到 {tracks}。"


class KilledTwice(InputError):
    code = "killed_twice"
    en = (
        "{name}: twice the process died while it worked on this and nothing else, so it is not "
        "tried again."
    )
    zh = "{name}：进程两次在单独处理它时中止，因此不再尝试。"


class AudioTooShort(InputError):
    code = "audio_too_short"
    en = "{name}: is {duration_ms} ms long; at least {minimum_ms} ms are needed."
    zh = "{name}:时长 {duration_ms} 毫秒,至少需要 {minimum_ms} 毫秒。"
    brief = ("Is too short.", "时长过短。")


class NoSpeech(InputError):
    code = "no_speech"
    en = "{name}: no speech was found in {duration_ms} ms of audio, so no emotion is given."
    zh = "{name}:在 {duration_ms} 毫秒音频中未检测到语音,因此不给出情感结果。"
    brief = ("No speech was found, so no emotion is given.", "未检测到语音,因此不给出情感结果。")


class SpeakersInvalid(InputError):
    """Speaker turns that do not fit. `name` is their file, `line` the place in it or None."""

    code = "speakers_invalid"
    en = "{name}: {reason_en}."
    zh = "{name}:{reason_zh}。"


class ManifestError(VoxcorError):
    """A manifest that lists no usable recording. `name` is its path as given."""

    code = "manifest_error"
    en = "{name}: {reason}"
    zh = "{name}:{reason}"


class NotAResult(VoxcorError):
    """A file, or a folder, that holds no result. `name` is its path as given."""

    code = "not_a_result"
    en = "{name}: is no result of Voxcor ({reason}). Give a result folder or its result.json."
    zh = "{name}:不是心声的结果({reason})。请给出结果文件夹或其中的 result.json。"


class ModelError(VoxcorError):
    """No usable model. `model` is the id or folder that was asked for."""

    code = "model_error"
    en = "Model {model}: {reason}"
    zh = "模型 {model}:{reason}"


class UnknownModel(ModelError):
    code = "unknown_model"
    en = "{model} is neither a model nor a model folder. Models: {known}."
    zh = "{model} 既不是已知模型,也不是模型文件夹。可用模型:{known}。"


class ModelNotInstalled(ModelError):
    code = "model_not_installed"
    en = "Model {model} is not installed. Get it with: voxcor models pull {model}"
    zh = "模型 {model} 尚未安装。安装命令:voxcor models pull {model}"


class ModelCorrupt(ModelError):
    code = "model_corrupt"
    en = "Model {model} is damaged ({reason}). Pull it again: voxcor models pull {model}"
    zh = "模型 {model} 已损坏({reason})。请重新拉取:voxcor models pull {model}"


class EmbeddingsOnly(ModelError):
    code = "embeddings_only"
    en = (
        "Model {model} has no emotion labels, it only gives embeddings: "
        'Recognizer("{model}").embed(...) in Python. For emotions take another model.'
    )
    zh = (
        "模型 {model} 没有情感标签,只提供特征向量(Python:"
        'Recognizer("{model}").embed(...))。识别情感请换用其他模型。'
    )


class CheckpointUnsafe(ModelError):
    code = "checkpoint_unsafe"
    en = (
        "{model}: refused. This checkpoint asks for {wanted} while loading; "
        "tensors do not need that."
    )
    zh = "{model}:已拒绝。该检查点在加载时要求执行 {wanted},而张量数据并不需要它。"


class CheckpointInvalid(ModelError):
    code = "checkpoint_invalid"
    en = "{model}: is not an emotion2vec checkpoint ({reason})."
    zh = "{model}:不是 emotion2vec 检查点({reason})。"


class ChecksumMismatch(ModelError):
    """`way` is the command that gets the model from elsewhere: the other hub, if it has one."""

    code = "checksum_mismatch"
    en = (
        "{model}: {file} from {hub} is not the published file (sha256 {found}, expected "
        "{expected}). Nothing was installed. Get it from elsewhere: {way}"
    )
    zh = (
        "{model}：{hub} 上的 {file} 与官方发布的文件不一致（sha256 {found}，应为 {expected}）。"
        "未安装任何内容。请换一个来源：{way}"
    )


class HubUnreachable(ModelError):
    code = "hub_unreachable"
    retryable = True
    en = (
        "{hub} cannot be reached ({reason}). Check the network, try the other hub with --hub, "
        "or install a file you have: voxcor models pull {model} --from PATH"
    )
    zh = (
        "无法连接 {hub}({reason})。请检查网络,用 --hub 换另一个平台,"
        "或安装本地文件:voxcor models pull {model} --from PATH"
    )


class HubRefused(ModelError):
    code = "hub_refused"
    en = "{hub} does not give {file} of {repository} ({reason})."
    zh = "{hub} 未提供 {repository} 的 {file}({reason})。"


class PullInProgress(ModelError):
    code = "pull_in_progress"
    retryable = True
    en = "Another process is pulling {model} right now. Wait for it, then try again."
    zh = "另一个进程正在拉取 {model}。请等待其完成后再试。"


class VerificationFailed(ModelError):
    code = "verification_failed"
    en = (
        "Model {model} does not give the published scores: "
        "they differ by {difference:.2e}, allowed {allowed:.0e}."
    )
    zh = "模型 {model} 未能复现官方分数:相差 {difference:.2e},允许 {allowed:.0e}。"


class PrecisionRefused(ModelError):
    """`reason_en` and `reason_zh` say what was measured, and what was allowed."""

    code = "precision_refused"
    en = (
        "{model} in int8 does not answer as it does in fp32, so it is not offered and was not kept:"
        " {reason_en}. Use fp32: voxcor models pull {model}"
    )
    zh = (
        "{model} 的 int8 版本与 fp32 的结果不一致,因此不提供也未保留:{reason_zh}。"
        "请使用 fp32:voxcor models pull {model}"
    )


class BatchError(VoxcorError):
    """A batch does not begin, or go on. `path` is its folder."""

    code = "batch_error"
    en = "{path}: {reason}"
    zh = "{path}:{reason}"


class BatchInProgress(BatchError):
    code = "batch_in_progress"
    retryable = True
    en = "{path}: another batch works in this folder right now. Wait for it, or choose another."
    zh = "{path}:另一个批处理正在使用该文件夹。请等待其完成,或换一个文件夹。"


class BatchExists(BatchError):
    code = "batch_exists"
    en = "{path}: a batch lies here already. Go on with it: --resume; begin anew: --restart."
    zh = "{path}:该文件夹中已有批处理。继续请加 --resume,重新开始请加 --restart。"


class BatchMismatch(BatchError):
    code = "batch_mismatch"
    en = (
        "{path}: the batch that lies here was begun with {then}, not {now}. "
        "Begin anew with --restart, or choose another folder."
    )
    zh = (
        "{path}:该文件夹中的批处理以 {then} 开始,与 {now} 不同。"
        "请用 --restart 重新开始,或换一个文件夹。"
    )


class LedgerCorrupt(BatchError):
    code = "ledger_corrupt"
    en = "{path}: this ledger cannot be read ({reason}). Begin anew with --restart."
    zh = "{path}:无法读取该账本({reason})。请用 --restart 重新开始。"


class StorageError(VoxcorError):
    """The disk stands in the way. `path` is where writing was tried."""

    code = "storage_error"
    en = "{path}: {reason}"
    zh = "{path}:{reason}"


class DiskFull(StorageError):
    code = "disk_full"
    retryable = True
    en = "{path}: the disk is full, {needed_mb} MB are needed. Nothing half-written was kept."
    zh = "{path}:磁盘空间不足,需要 {needed_mb} MB。未保留任何不完整的文件。"


class StorageDenied(StorageError):
    code = "storage_denied"
    en = "{path}: cannot be written ({reason}). Choose another folder."
    zh = "{path}:无法写入({reason})。请换一个文件夹。"


class StateUnreadable(StorageError):
    """`damaged`: it will not be readable later either, and is set aside under another name."""

    code = "state_unreadable"
    en = "{path}: cannot be read ({reason})."
    zh = "{path}：无法读取（{reason}）。"


class RequestError(VoxcorError):
    """A server does not take a request."""

    code = "request_error"


class MalformedRequest(RequestError):
    code = "malformed_request"
    en = "The request cannot be read: {reason_en}"
    zh = "无法读取请求:{reason_zh}"


class HeadTooLarge(RequestError):
    code = "head_too_large"
    en = "The address or the headers of the request are too long; {maximum_bytes} bytes are taken."
    zh = "请求的地址或请求头过长，最多 {maximum_bytes} 字节。"


class WrongContentType(RequestError):
    code = "wrong_content_type"
    en = "The body must be {expected}, not {found}."
    zh = "请求体应为 {expected},而不是 {found}。"


class UploadTooLarge(RequestError):
    code = "upload_too_large"
    en = "The request is larger than this server takes here, {maximum_mb:g} MB."
    zh = "请求内容超过本服务器在此允许的大小（{maximum_mb:g} MB）。"


class UploadTooSlow(RequestError):
    code = "upload_too_slow"
    retryable = True
    en = "The request came too slowly, so it was given up."
    zh = "请求传输过慢，已放弃。"


class Unauthorized(RequestError):
    code = "unauthorized"
    en = "This server wants an API key, in the header Authorization: Bearer KEY."
    zh = "本服务器需要 API 密钥,请放在请求头 Authorization: Bearer KEY 中。"


class TooManyAttempts(RequestError):
    code = "too_many_attempts"
    retryable = True
    en = "Too many wrong keys came from there. Try again in {retry_after_s} s."
    zh = "来自该地址的错误密钥过多。请在 {retry_after_s} 秒后重试。"


class HostRefused(RequestError):
    code = "host_refused"
    en = "This server is not {host}. A name it shall answer to goes into VOXCOR_ALLOWED_HOSTS."
    zh = "本服务器不是 {host}。如需以该名称访问,请将其加入 VOXCOR_ALLOWED_HOSTS。"


class OriginRefused(RequestError):
    code = "origin_refused"
    en = "Requests from pages of {origin} are not taken."
    zh = "不接受来自 {origin} 页面的请求。"


class NoSuchRoute(RequestError):
    code = "no_such_route"
    en = "There is no {method} {path} here; /docs lists what there is."
    zh = "没有 {method} {path} 这一接口;可用接口见 /docs。"


class NoSuchResult(RequestError):
    code = "no_such_result"
    en = "There is no result {id}, or it has no such file."
    zh = "没有结果 {id},或其中没有该文件。"


class NoSuchJob(RequestError):
    code = "no_such_job"
    en = "There is no job {id}, or it has no such file."
    zh = "没有任务 {id},或其中没有该文件。"


class SourceRefused(RequestError):
    code = "source_refused"
    en = (
        "{source}: jobs may not read there. Whoever runs the server allows folders with "
        "VOXCOR_JOB_SOURCES."
    )
    zh = "{source}:任务不允许读取该位置。服务器管理员可通过 VOXCOR_JOB_SOURCES 开放文件夹。"


class NoSuchRule(RequestError):
    code = "no_such_rule"
    en = "There is no rule {rule}."
    zh = "没有规则 {rule}。"


class WebhookInvalid(RequestError):
    code = "webhook_invalid"
    en = "Webhook {url}: {reason_en}"
    zh = "Webhook {url}:{reason_zh}"


class QueueFull(RequestError):
    code = "queue_full"
    retryable = True
    en = "The server is busy: {waiting} requests wait already. Try again in {retry_after_s} s."
    zh = "服务器繁忙:已有 {waiting} 个请求在等待。请在 {retry_after_s} 秒后重试。"


class TooManyConnections(RequestError):
    code = "too_many_connections"
    retryable = True
    en = "The server has as many connections as it can have. Try again in {retry_after_s} s."
    zh = "服务器的连接数已达上限。请在 {retry_after_s} 秒后重试。"


class NotReady(RequestError):
    code = "not_ready"
    retryable = True
    en = "The server is starting or stopping. Try again in {retry_after_s} s."
    zh = "服务器正在启动或停止。请在 {retry_after_s} 秒后重试。"


class StreamError(VoxcorError):
    """A live stream does not go on."""

    code = "stream_error"


class InvalidAudioFrame(StreamError):
    code = "invalid_audio_frame"
    en = "{bytes} bytes are no whole number of 16-bit samples; audio is s16le, 16 kHz, mono."
    zh = "{bytes} 字节不是整数个 16 位采样；音频应为 s16le、16 kHz、单声道。"


class NotBareSamples(StreamError):
    """`found` is a media type, `float`, or empty where it is not known."""

    code = "not_bare_samples"
    en = (
        "What comes is {found_en}, and would be heard as noise. Live audio is bare samples, "
        "s16le, 16 kHz, mono: {how_en}"
    )
    zh = "收到的是 {found_zh}，会被当作噪声。实时音频应为裸采样（s16le、16 kHz、单声道）：{how_zh}"


class MessageInvalid(StreamError):
    code = "message_invalid"
    en = "Not a message of this protocol: {reason_en}"
    zh = "不是本协议的消息:{reason_zh}"


class MessageTooLarge(StreamError):
    code = "message_too_large"
    en = "A message may have {maximum_bytes} bytes; this one has {bytes}."
    zh = "单条消息最多 {maximum_bytes} 字节,本条为 {bytes} 字节。"


class ConfigInvalid(StreamError):
    code = "config_invalid"
    en = "The session cannot be set so: {reason_en}"
    zh = "会话不能这样设置:{reason_zh}"


class TooManyStreams(StreamError):
    code = "rate_limited"
    retryable = True
    en = "{running} live sessions run already, as many as this server takes. Try again later."
    zh = "已有 {running} 个实时会话在运行,达到本服务器上限。请稍后重试。"


class MicrophoneFailed(StreamError):
    code = "microphone_failed"
    en = "The microphone cannot be used: {reason_en}"
    zh = "无法使用麦克风:{reason_zh}"


class ServerError(VoxcorError):
    """A server and its clients do not come together. `url` is what was asked for."""

    code = "server_error"
    en = "{url}: {reason}"
    zh = "{url}:{reason}"


class ServerUnreachable(ServerError):
    code = "server_unreachable"
    retryable = True
    en = "{url} cannot be reached ({reason}). Is the server running? Start it with: voxcor serve"
    zh = "无法连接 {url}({reason})。服务器在运行吗?启动命令:voxcor serve"


class AddressUnavailable(ServerError):
    code = "address_unavailable"
    en = "Cannot listen on {host}:{port} ({reason}). Choose another port with --port."
    zh = "无法监听 {host}:{port}({reason})。请用 --port 换一个端口。"


def error_from(document: Mapping[str, Any]) -> VoxcorError | None:
    """The error that `to_dict` made this document of; None where its code is not one of ours."""
    found = _by_code(VoxcorError).get(document.get("code", ""))
    if found is None:
        return None
    error = found(**document.get("details", {}))
    try:
        str(error)
    except (KeyError, TypeError, ValueError):  # of another version, with other details
        return None
    return error


def _by_code(root: type[VoxcorError]) -> dict[str, type[VoxcorError]]:
    known = {root.code: root}
    for child in root.__subclasses__():
        known |= _by_code(child)
    return known
