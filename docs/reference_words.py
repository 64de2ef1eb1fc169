"""What `make_reference.py` documents, in which order, and the words around it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from voxcor.language import Both

HEAD = Both(
    "# Python\n\n**English** · [中文](python.zh.md)\n\n"
    "Signatures and docstrings as they stand in the code, by `docs/make_reference.py`. Times are "
    "float seconds of the original recording; arrays are numpy's, their shapes in brackets. "
    "Importing `voxcor` loads nothing: names bring their libraries on first use. How things are "
    "done step by step is in the [guides](README.md).\n",
    "# Python\n\n[English](python.md) · **中文**\n\n"
    "由 `docs/make_reference.py` 从代码生成：签名与文档字符串保持英文原文，其上有一行中文说明。"
    "时间为原始录音的秒数（浮点）；数组为 numpy 数组，方括号中为形状。"
    "导入 `voxcor` 不会加载任何东西，首次使用某个名称时才加载其依赖。"
    "分步做法见[指南](README.zh.md)。\n",
)


@dataclass(frozen=True, slots=True)
class Chapter:
    """Names of a module, each with its line in Chinese, and perhaps a table after them."""

    title: Both
    words: Both
    module: str
    names: Mapping[str, str] = field(default_factory=dict)
    table: str = ""


CHAPTERS = (
    Chapter(
        Both("Recognise", "识别"),
        Both("The engine behind every door.", "所有入口背后的引擎。"),
        "voxcor",
        {
            "Recognizer": "载入一个模型及其所需的一切；可在线程间共享。",
            "Recognizer.recognize": "识别一条任意时长的录音。",
            "Recognizer.recognize_many": "依次识别多条录音；失败的一条给出 `Failure`，不影响其他。",
            "Recognizer.embed": "只取特征向量，任何模型均可，包括没有标签的模型。",
            "Recognizer.scores": "16 kHz 采样的得分，不裁剪，也不判断是否有语音。",
            "Recognizer.logits": "整段的 logits，其 softmax 即得分。",
        },
    ),
    Chapter(
        Both("Options", "选项"),
        Both(
            "The keywords of `recognize`, and the record that holds them.",
            "`recognize` 的关键字参数，以及保存它们的数据类。",
        ),
        "voxcor.options",
        {
            "RecognitionOptions": "一条录音如何识别。",
            "RecordingOptions": "可能有多个声道的录音如何识别（批处理与命令行）。",
        },
        "options",
    ),
    Chapter(
        Both("Results", "结果"),
        Both(
            "Frozen dataclasses. What each figure means: [figures.md](figures.md).",
            "均为不可变数据类。各项数值的含义见 [figures.zh.md](figures.zh.md)。",
        ),
        "voxcor.results",
        {
            "Result": "一条录音的结果。",
            "Result.abstained": "置信度是否低于 `abstain_below`。",
            "Result.to_document": "转为 `result.json` 的内容，时间为毫秒。",
            "Segment": "一段语音及其得分。",
            "Transition": "情感在此处发生变化。",
            "Summary": "各情感占语音时长的比例等汇总。",
            "SpeakerSummary": "一位说话人的汇总。",
            "Dimensions": "唤醒度与效价。",
            "Frames": "逐帧曲线，每 20 毫秒一帧。",
            "FrameDimensions": "逐帧的唤醒度与效价。",
            "Quality": "录音是否适合识别。",
            "ModelInfo": "由哪些权重回答。",
            "AudioInfo": "原始录音的信息。",
            "Preprocessing": "送入模型之前做了什么。",
            "Failure": "没有结果的输入及其原因。",
        },
    ),
    Chapter(
        Both("Result folders", "结果文件夹"),
        Both("The layout of `outputs/`.", "`outputs/` 的布局。"),
        "voxcor.result_folder",
        {"save": "把结果保存为一个新文件夹。"},
    ),
    Chapter(
        Both("Exports", "导出"),
        Both(
            "Formats of other tools: [export.md](export.md).",
            "其他工具的格式，见 [export.zh.md](export.zh.md)。",
        ),
        "voxcor.exports",
        {
            "export": "把结果转为某种格式，一次给出全部字节。",
            "export_pieces": "同上，分块给出，长录音不占更多内存。",
            "file_name": "导出文件的名称。",
        },
    ),
    Chapter(
        Both("Reading results back", "读回结果"),
        Both("What exports are made of.", "导出以此为来源。"),
        "voxcor.exports.content",
        {
            "Content": "一个结果及其旁边的音频与曲线文件。",
            "read_content": "从结果文件夹或 `result.json` 读取。",
        },
    ),
    Chapter(
        Both("Labels", "标签"),
        Both(
            "`voxcor.LABELS` has the nine in model order; a model may have others.",
            "`voxcor.LABELS` 按模型顺序列出九种；模型可以有其他标签。",
        ),
        "voxcor.labels",
        {
            "Label": "一种情感：`id` 用于文件与接口，其余给人看。",
            "get_label": "按 id 取得标签。",
            "label_named": "按常见中英文名称识别标签。",
        },
        "labels",
    ),
    Chapter(
        Both("Sound", "音频"),
        Both("What decodes every input.", "所有输入都由此解码。"),
        "voxcor.audio",
        {
            "decode": "解码整条录音。",
            "Recording": "解码后的录音。",
            "DecodingOptions": "如何解码：音轨、裸音频格式、是否接受截断。",
        },
    ),
    Chapter(
        Both("Speaker turns", "说话人话轮"),
        Both(
            "For `recognize(..., speakers=...)`: [long-audio.md](long-audio.md#speakers).",
            "用于 `recognize(..., speakers=...)`，见 [long-audio.zh.md](long-audio.zh.md#说话人)。",
        ),
        "voxcor.speaker_turns",
        {"Turn": "谁从何时说到何时。", "read_turns": "读取 RTTM 或 CSV。"},
    ),
    Chapter(
        Both("Client", "客户端"),
        Both(
            "The same calls, over HTTP: [api.md](api.md).",
            "经由 HTTP 的相同调用，见 [api.zh.md](api.zh.md)。",
        ),
        "voxcor.client.client",
        {
            "Client": "到服务器的连接；可在线程间共享。",
            "Client.is_ready": "服务器是否已载入模型。",
            "Client.recognize": "识别一条录音；队列已满时等待。",
            "Client.recognize_channels": "每个声道一个结果。",
            "Client.recognize_many": "同时发送若干录音，按顺序给出结果。",
            "Client.submit": "把多条录音作为一个任务提交。",
            "Client.job": "取得先前提交的任务。",
            "Client.results": "服务器保存的结果，新的在前。",
            "Client.result": "其中一个结果，含曲线与特征向量。",
            "Client.events": "处理日志。",
            "Client.download": "下载结果文件夹。",
            "Client.export": "以其他工具的格式取得结果。",
            "Client.delete": "彻底删除一个结果及其录音。",
            "Client.models": "已安装与可安装的模型。",
            "Client.pull": "让服务器下载并安装模型。",
            "RecognizeOptions": "`Client.recognize` 的选项。",
            "JobOptions": "`Client.submit` 的选项。",
        },
    ),
    Chapter(
        Both("Jobs", "任务"),
        Both("What `Client.submit` returns.", "`Client.submit` 的返回值。"),
        "voxcor.client.jobs",
        {
            "Job": "服务器上的一个任务。",
            "Job.document": "状态与进度。",
            "Job.events": "任务的事件流。",
            "Job.wait": "等待任务结束。",
            "Job.results": "已完成的结果与失败。",
            "Job.cancel": "取消，保留已有结果。",
            "Job.delete": "取消并彻底删除。",
            "Job.download": "下载整个任务。",
        },
    ),
    Chapter(
        Both("What a server keeps", "服务器保存的结果"),
        Both("What `Client` returns.", "`Client` 的返回值。"),
        "voxcor.stored_result",
        {"StoredResult": "服务器保存的结果：`id` 与文件名。"},
    ),
    Chapter(
        Both("Batches", "批处理"),
        Both("[batch.md](batch.md).", "见 [batch.zh.md](batch.zh.md)。"),
        "voxcor.batch.run",
        {"run_batch": "把一个来源的全部录音识别到一个文件夹。", "Batch": "一次运行的结果。"},
    ),
    Chapter(
        Both("Labelled recordings", "带标签的录音"),
        Both("What evaluation and training read.", "评测与训练的输入。"),
        "voxcor.datasets.manifest",
        {
            "read_manifest": "读取任何形式的清单。",
            "Manifest": "读到的内容与其中的问题。",
            "Utterance": "一条带标签的语音。",
        },
    ),
    Chapter(
        Both("Splits", "划分"),
        Both("No speaker on both sides.", "同一说话人不会出现在两边。"),
        "voxcor.datasets.splits",
        {
            "split_by_speaker": "按说话人划分。",
            "leave_one_speaker_out": "逐一留出说话人。",
            "leave_one_fold_out": "逐一留出各折。",
            "check_splits": "查找泄漏。",
        },
    ),
    Chapter(
        Both("Evaluation", "评测"),
        Both("[evaluation.md](evaluation.md).", "见 [evaluation.zh.md](evaluation.zh.md)。"),
        "voxcor.evaluation.measurement",
        {"evaluate": "在带标签的录音上评测。", "Evaluation": "评测的全部结果。"},
    ),
    Chapter(
        Both("Figures", "指标"),
        Both("Formulas: [figures.md](figures.md).", "公式见 [figures.zh.md](figures.zh.md)。"),
        "voxcor.evaluation.metrics",
        {
            "Figures": "一组语音上的全部指标。",
            "Estimate": "一个数值及其 95% 区间。",
            "Coverage": "低于某置信度不作判断的得失。",
        },
    ),
    Chapter(
        Both("Training", "训练"),
        Both("[training.md](training.md).", "见 [training.zh.md](training.zh.md)。"),
        "voxcor.training.head",
        {"train_head": "在模型的特征向量上训练分类头，写出新模型。"},
    ),
    Chapter(
        Both("Fine-tuning", "微调"),
        Both(
            "Needs the extra `train`: [fine-tuning.md](fine-tuning.md).",
            "需要附加组件 `train`，见 [fine-tuning.zh.md](fine-tuning.zh.md)。",
        ),
        "voxcor.training.options",
        {"FullOptions": "训练整个网络的选项。"},
    ),
    Chapter(
        Both("Models", "模型"),
        Both("What `voxcor models` calls.", "`voxcor models` 所调用的函数。"),
        "voxcor.models.store",
        {"find_model": "按名称或文件夹找到模型。"},
    ),
    Chapter(
        Both("Errors", "错误"),
        Both(
            "All are `VoxcorError`s: `code` never changes, `message` is the sentence in the "
            "language of the process, filled from `details`. The first column shows which is a "
            "kind of which.",
            "均为 `VoxcorError`：`code` 永不改变，`message` 为进程语言的一句话，由 `details` 填充。"
            "第一列以缩进表示从属关系。",
        ),
        "voxcor.errors",
        {},
        "errors",
    ),
)
