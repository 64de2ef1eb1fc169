"""The disk stands in the way, or the folder of a batch does."""

from voxcor.errors.base import VoxcorError


class BatchError(VoxcorError):
    """A batch does not begin, or go on. `path` is its folder."""

    code = "batch_error"
    en = "{path}: {reason}"
    zh = "{path}：{reason}"


class BatchInProgress(BatchError):
    code = "batch_in_progress"
    retryable = True
    en = "{path}: another batch works in this folder right now. Wait for it, or choose another."
    zh = "{path}：另一个批处理正在使用该文件夹。请等待其完成，或换一个文件夹。"


class BatchExists(BatchError):
    code = "batch_exists"
    en = "{path}: a batch lies here already. Go on with it: --resume; begin anew: --restart."
    zh = "{path}：该文件夹中已有批处理。继续请加 --resume，重新开始请加 --restart。"


class BatchMismatch(BatchError):
    code = "batch_mismatch"
    en = (
        "{path}: the batch that lies here was begun with {then}, not {now}. "
        "Begin anew with --restart, or choose another folder."
    )
    zh = (
        "{path}：该文件夹中的批处理以 {then} 开始，与 {now} 不同。"
        "请用 --restart 重新开始，或换一个文件夹。"
    )


class LedgerCorrupt(BatchError):
    code = "ledger_corrupt"
    en = "{path}: this ledger cannot be read ({reason}). Begin anew with --restart."
    zh = "{path}：无法读取该账本（{reason}）。请用 --restart 重新开始。"


class StorageError(VoxcorError):
    """The disk stands in the way. `path` is where writing was tried."""

    code = "storage_error"
    en = "{path}: {reason}"
    zh = "{path}：{reason}"


class DiskFull(StorageError):
    code = "disk_full"
    retryable = True
    en = "{path}: the disk is full, {needed_mb} MB are needed. Nothing half-written was kept."
    zh = "{path}：磁盘空间不足，需要 {needed_mb} MB。未保留任何不完整的文件。"


class StorageDenied(StorageError):
    code = "storage_denied"
    en = "{path}: cannot be written ({reason}). Choose another folder."
    zh = "{path}：无法写入（{reason}）。请换一个文件夹。"


class StateUnreadable(StorageError):
    """`damaged`: it will not be readable later either, and is set aside under another name."""

    code = "state_unreadable"
    en = "{path}: cannot be read ({reason})."
    zh = "{path}：无法读取（{reason}）。"
