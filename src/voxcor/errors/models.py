"""No usable model, or none to be had."""

from voxcor.errors.base import VoxcorError


class ModelError(VoxcorError):
    """No usable model. `model` is the id or folder that was asked for."""

    code = "model_error"
    en = "Model {model}: {reason}"
    zh = "模型 {model}：{reason}"


class UnknownModel(ModelError):
    code = "unknown_model"
    en = "{model} is neither a model nor a model folder. Models: {known}."
    zh = "{model} 既不是已知模型，也不是模型文件夹。可用模型：{known}。"


class ModelRenamed(UnknownModel):
    code = "model_renamed"
    en = "There is no {model} any more; the model inside Voxcor is {now}."
    zh = "模型 {model} 已不再提供；Voxcor 现在自带的模型是 {now}。"


class ModelNotInstalled(ModelError):
    code = "model_not_installed"
    en = "Model {model} is not installed. Get it with: {voxcor} models pull {model}"
    zh = "模型 {model} 尚未安装。安装命令：{voxcor} models pull {model}"


class ModelCorrupt(ModelError):
    code = "model_corrupt"
    en = "Model {model} is damaged ({reason}). Pull it again: {voxcor} models pull {model}"
    zh = "模型 {model} 已损坏（{reason}）。请重新拉取：{voxcor} models pull {model}"


class UnknownFamily(ModelError):
    code = "unknown_family"
    en = (
        "Model {model} is of the family {family}, and this Voxcor has only {known}. "
        "A newer Voxcor may have it."
    )
    zh = (
        "模型 {model} 属于 {family} 系列，当前版本的 Voxcor 仅支持 {known}。"
        "较新版本的 Voxcor 可能支持它。"
    )


class EmbeddingsOnly(ModelError):
    code = "embeddings_only"
    en = (
        "Model {model} has no emotion labels, it only gives embeddings: "
        'Recognizer("{model}").embed(...) in Python. For emotions take another model.'
    )
    zh = (
        "模型 {model} 没有情感标签，只提供特征向量（Python："
        'Recognizer("{model}").embed(...)）。识别情感请换用其他模型。'
    )


class CheckpointUnsafe(ModelError):
    code = "checkpoint_unsafe"
    en = (
        "{model}: refused. This checkpoint asks for {wanted} while loading; "
        "tensors do not need that."
    )
    zh = "{model}：已拒绝。该检查点在加载时要求执行 {wanted}，而张量数据并不需要它。"


class CheckpointInvalid(ModelError):
    """`family_en` is the family's title with its article, `family_zh` without."""

    code = "checkpoint_invalid"
    en = "{model}: is not {family_en} checkpoint ({reason})."
    zh = "{model}：不是 {family_zh} 检查点（{reason}）。"


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
        "or install a file you have: {voxcor} models pull {model} --from PATH"
    )
    zh = (
        "无法连接 {hub}（{reason}）。请检查网络，用 --hub 换另一个平台，"
        "或安装本地文件：{voxcor} models pull {model} --from PATH"
    )


class HubRefused(ModelError):
    code = "hub_refused"
    en = "{hub} does not give {file} of {repository} ({reason})."
    zh = "{hub} 未提供 {repository} 的 {file}（{reason}）。"


class PullInProgress(ModelError):
    code = "pull_in_progress"
    retryable = True
    en = "Another process is pulling {model} right now. Wait for it, then try again."
    zh = "另一个进程正在拉取 {model}。请等待其完成后再试。"


class PullCancelled(ModelError):
    code = "pull_cancelled"
    retryable = True
    en = "Installing {model} was cancelled. What has been downloaded stays for the next pull."
    zh = "已取消安装 {model}。已下载的部分会保留，供下次拉取时继续。"


class VerificationFailed(ModelError):
    code = "verification_failed"
    en = (
        "Model {model} does not give the published scores: "
        "they differ by {difference:.2e}, allowed {allowed:.0e}."
    )
    zh = "模型 {model} 未能复现官方分数：相差 {difference:.2e}，允许 {allowed:.0e}。"


class PrecisionRefused(ModelError):
    """`reason_en` and `reason_zh` say what was measured, and what was allowed."""

    code = "precision_refused"
    en = (
        "{model} in int8 does not answer as it does in fp32, so it is not offered and was not kept:"
        " {reason_en}. Use fp32: {voxcor} models pull {model}"
    )
    zh = (
        "{model} 的 int8 版本与 fp32 的结果不一致，因此不提供也未保留：{reason_zh}。"
        "请使用 fp32：{voxcor} models pull {model}"
    )
