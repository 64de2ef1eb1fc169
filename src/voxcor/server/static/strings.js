/** Everything the page says, once in English and once in Chinese: here what is around every view. */

import { counting, said, saying } from "./saying.js";
import { CORRECTIONS } from "./strings/corrections.js";
import { HISTORY } from "./strings/history.js";
import { LIVE } from "./strings/live.js";
import { MODELS } from "./strings/models.js";
import { PLAYER } from "./strings/player.js";
import { QUEUE } from "./strings/queue.js";
import { RECOGNISE } from "./strings/recognise.js";
import { RESULT } from "./strings/result.js";
import { RULES } from "./strings/rules.js";
import { FAILURES } from "./words.js";

export const STRINGS = {
  ...RECOGNISE,
  ...RESULT,
  ...PLAYER,
  ...CORRECTIONS,
  ...QUEUE,
  ...LIVE,
  ...HISTORY,
  ...MODELS,
  ...RULES,

  recognise: ["Recognise", "识别"],
  queue: ["Queue", "批量"],
  live: ["Live", "实时"],
  history: ["History", "历史"],
  library: ["Library", "声音库"],
  libraryAdd: ["Add to the library", "加入声音库"],
  libraryAdding: ["Adding to the library…", "正在加入声音库…"],
  libraryAdded: ["In the library now.", "已加入声音库。"],
  libraryOpen: ["Open the library", "打开声音库"],
  findSimilar: ["Find similar", "找相似"],
  findSimilarTo: ["Find what is similar to {time}", "找与 {time} 相似的"],
  compareResult: ["Compare with another", "与另一段比较"],
  models: ["Models", "模型"],
  rules: ["Rules", "规则"],
  views: ["Views", "视图"],
  skip: ["Skip to content", "跳到内容"],
  language: ["Language", "语言"],
  theme: ["Theme", "主题"],
  system: ["As the system", "跟随系统"],
  light: ["Light", "浅色"],
  dark: ["Dark", "深色"],
  ready: ["is ready", "已就绪"],
  notReady: ["no model", "模型不可用"],
  gone: ["no connection", "服务器无响应"],
  offline: [
    "The server does not answer. Is it still running? Start it with ./run.sh or voxcor serve.",
    "服务器没有响应。它还在运行吗？启动命令：./run.sh 或 voxcor serve。",
  ],
  warming: ["loading the model…", "正在加载模型…"],
  builtIn: [
    "The built-in model small answers: it tells excited from calm speech well, single emotions coarsely. Get plus-base, the first of the large ones to try, here, or with",
    "当前使用内置模型 small：能较好地区分激动与平静，对具体情感只能粗略判断。可在此下载建议先用的 plus-base，或运行",
  ],
  builtInGet: ["Download (1.1 GB)", "下载（1.1 GB）"],
  notice: [
    "These are estimates of expressed emotion, not of what a person feels. Some uses are restricted by law. Everything stays on this machine.",
    "结果是对语音所表达情感的估计，并非说话人的真实感受；某些用途受法律限制。所有数据均留在本机。",
  ],
  licences: ["Licences", "许可证"],
  key: ["API key of this server", "本服务器的 API 密钥"],
  keyWanted: [
    "This server answers only with its key. Whoever started it knows it: it is VOXCOR_API_KEY there.",
    "本服务器需要密钥才能使用。请向启动服务器的人索取，即服务器上的 VOXCOR_API_KEY。",
  ],
  keyWrong: [
    "That is not the key of this server. Look for missing or extra characters, or ask for it again.",
    "密钥不正确。请检查是否多字或少字，或重新索取。",
  ],
  noticeShow: ["Show", "查看"],
  noticeClose: ["Close the notice", "关闭提示"],
  keySend: ["Continue", "继续"],
};

const COUNTS = {
  segments: ["{count} segment", "{count} segments", "{count} 个语段"],
  changes: ["{count} change", "{count} changes", "变化 {count} 次"],
};

/** @typedef {keyof typeof STRINGS} Key */

/** The text of a key in the language of the page, `{name}` filled in. */
export const t = saying(STRINGS);

/** A number of things, in words. */
export const counted = counting(COUNTS);

/**
 * Why a recording failed; what the page has no words for is said in the server's.
 *
 * @param {{ code: string, message: string }} failure
 */
export const failureWords = ({ code, message }) => (code in FAILURES ? said(FAILURES[code]) : message);
