/** What the models and their installation say, in English and in Chinese. */

import { filled, said } from "../saying.js";

/** @import { Model } from "../server.js" */

export const MODELS = {
  hub: ["From", "下载源"],
  download: ["Download", "下载"],
  onDisk: ["On disk", "占用磁盘"],
  labelCount: ["{count}", "{count} 类"],
  embeddingsOnly: ["none: embeddings only", "无，仅提供特征向量"],
  command: ["Command", "命令"],
  modelUsed: ["in use", "使用中"],
  modelInstalled: ["installed", "已安装"],
  modelUse: ["Use", "使用"],
  modelOwn: ["Your own, made of {title}.", "您自己的模型，基于 {title}。"],
  needed: ["Space to install", "安装所需空间"],
  free: ["{size} free on the disk", "磁盘剩余 {size}"],
  licence: ["Licence", "许可证"],
  score: ["Right", "正确率"],
  scoreUnseen: ["{share} of four emotions, in corpora never heard", "{share}（四类情感，从未听过的语料库）"],
  scoreHeldOut: ["{share} of clips held back from training", "{share}（未参与训练的片段）"],
  agreement: ["Agreement", "一致性"],
  scoreInt8: ["{share} the same emotion as in fp32", "{share} 的片段与 fp32 情感相同"],
  precision: ["Precision", "精度"],
  fp32Hint: ["As published.", "与发布时相同。"],
  pull: ["Download …", "下载……"],
  pullOf: ["Download {title}", "下载 {title}"],
  pullNow: ["Download {size}", "下载 {size}"],
  pullNot: ["Not now", "暂不下载"],
  pullCancelling: ["Cancelling; what is there is kept for the next time.", "正在取消；已下载的部分会保留到下次。"],
  space: [
    "Downloads {size}, takes up to {needed} while it is installed; {free} are free.",
    "需下载 {size}，安装时最多占用 {needed}；剩余空间 {free}。",
  ],
  spaceLacks: [
    "It takes up to {needed} while it is installed, and only {free} are free. Make room first.",
    "安装时最多占用 {needed}，而剩余空间只有 {free}。请先腾出空间。",
  ],
  fromDisk: ["From the server's disk", "从服务器磁盘安装"],
  fromDiskHint: [
    "A model folder of your own under a new name, or a downloaded checkpoint under the id of its model. It lies in:",
    "自己的模型文件夹（取一个新名称），或已下载的检查点（使用其模型的 id）。须位于：",
  ],
  fromDiskNot: [
    "Whoever runs the server can allow folders of their own models and downloaded weights with",
    "服务器管理员可开放存放自有模型或已下载权重的文件夹，设置项为",
  ],
  fromDiskPath: ["File or folder on the server", "服务器上的文件或文件夹"],
  fromDiskName: ["Name, or id of the model", "名称，或模型 id"],
  fromDiskInstall: ["Install", "安装"],
  pullStarts: ["Asking the hub…", "正在连接下载源…"],
  int8Make: ["Make int8", "生成 int8"],
  int8Hint: [
    "The same model in 8 bits: a quarter of the size, several times as fast. Compared with this one before it is offered.",
    "同一模型的 8 位版本：体积为四分之一，速度快数倍；与原模型比较合格后才提供。",
  ],
  int8Starts: ["Making int8…", "正在生成 int8…"],
};

// Costs as docs/speed.md has them, fp32 on two cores.
/** @type {Record<string, string[]>} */
const PURPOSES = {
  "plus-large": [
    "Ahead of base on some kinds of speech (CREMA-D: 73.8 against 65.8 %), level over 20 languages. Ten seconds of speech take about 0.8 s on two cores, and 1.1 GB of memory.",
    "部分语音上优于 base（CREMA-D：73.8% 与 65.8%），20 种语言总体持平。双核处理 10 秒语音约需 0.8 秒，占用内存 1.1 GB。",
  ],
  "plus-base": [
    "To begin with, on a CPU: 68.5 against large's 68.6 % of 64,384 clips in 20 languages (oruk-bench 2026, a vendor's run). Ten seconds of speech take about 0.5 s on two cores, and 0.8 GB of memory.",
    "用 CPU 时建议先用：20 种语言 64,384 条语音上准确率 68.5%，large 为 68.6%（oruk-bench 2026，某厂商的测试）。双核处理 10 秒语音约需 0.5 秒，占用内存 0.8 GB。",
  ],
  "plus-seed": ["Costs what base does, and was trained on less.", "开销与 base 相同，训练数据较少。"],
  "base-finetuned": [
    "The first of the family with labels; costs what base does.",
    "该系列最早的情感分类模型，开销与 base 相同。",
  ],
  base: ["No labels: gives embeddings for your own training.", "无情感类别，为自行训练提供特征向量。"],
  "whisper-base": [
    "The encoder of OpenAI's Whisper (MIT). No labels: a base for your own training, in any of its languages.",
    "OpenAI Whisper 的编码器（MIT）。无情感类别，可作为多种语言自行训练的基础。",
  ],
  "whisper-small": ["Four times whisper-base, and as much work.", "规模与开销约为 whisper-base 的四倍。"],
  "whisper-medium": [
    "Fifteen times whisper-base: for machines with a GPU, or patience.",
    "规模约为 whisper-base 的十五倍：适合有 GPU 的机器。",
  ],
  small: [
    "Inside Voxcor: instant, offline, coarser than the large ones.",
    "Voxcor 自带：即时、离线，判断比大模型粗略。",
  ],
};
const INT8_WORDS = [
  "A quarter of the size, several times as fast; scores within 0.01 of the original on average.",
  "体积为四分之一，速度快数倍；得分与原模型平均相差不超过 0.01。",
];

// What to do in the page where the server's sentence names options of the command.
/** @type {Record<string, string[]>} */
const INSTALL_FAILURES = {
  hub_unreachable: [
    "{hub} cannot be reached ({reason}). Check the network and download again, from the other hub perhaps; what is here already is not fetched twice.",
    "无法连接 {hub}（{reason}）。请检查网络后重新下载，也可换另一个下载源；已下载的部分不会重复下载。",
  ],
  checksum_mismatch: [
    "{file} from {hub} is not the published file, so nothing was installed. Download it from the other hub.",
    "{hub} 上的 {file} 与官方发布的文件不一致，未安装任何内容。请换另一个下载源。",
  ],
  pull_in_progress: [
    "{model} is being installed right now. Wait until that is done, then try again.",
    "正在安装 {model}。请等待其完成后再试。",
  ],
  precision_refused: [
    "int8 of {model} does not answer as fp32 does, so it is not offered. Download it as fp32.",
    "{model} 的 int8 版本与 fp32 的结果不一致，因此不提供。请下载 fp32。",
  ],
};
const INT8_WITHOUT_SPEECH = [
  "int8 is calibrated on real speech, and this source has no example clip. Download it as fp32, or from the other hub.",
  "int8 需要用真实语音校准，而该下载源没有示例音频。请下载 fp32，或换另一个下载源。",
];

/**
 * What a model is good for; nothing is known of a person's own.
 *
 * @param {Model} model
 */
export const modelWords = ({ id, precision }) =>
  id in PURPOSES ? said(PURPOSES[id]) : precision === "int8" ? said(INT8_WORDS) : "";

/**
 * Why a model was not installed, and what to do about it here.
 *
 * @param {{ code?: string, message: string, details?: Record<string, unknown> }} failure
 * @param {string} precision
 */
export function installFailure({ code = "", message, details = {} }, precision) {
  if (code === "usage" && precision === "int8") return said(INT8_WITHOUT_SPEECH);
  return code in INSTALL_FAILURES ? filled(said(INSTALL_FAILURES[code]), details) : message;
}
