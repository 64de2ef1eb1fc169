/** What the library says, in English and in Chinese. It comes with the view. */

import { counting, saying } from "../saying.js";
import { STRINGS } from "../strings.js";

const LIBRARY = {
  lead: ["Words find speech", "以言寻声"],
  searchField: ["Describe how it sounds", "描述它听起来如何"],
  searchExample: ["furious but controlled · angry 0.6 sad 0.4", "强颜欢笑 · 压着火气 · 愤怒60% 悲伤40%"],
  search: ["Search", "搜索"],
  searchHint: [
    "In words, in English or Chinese; as shares of emotions; or by a clip, which can be dropped anywhere here.",
    "可用中文或英文描述，可写各情感的比例，也可用一段录音：拖放到本页任意处即可。",
  ],
  tryThese: ["Try", "试试"],
  clipChoose: ["By a clip", "用录音搜索"],
  clipGone: [
    "The clip {name} is not kept between visits. Choose it again to search by it.",
    "录音 {name} 不会保留到下次访问。请重新选择后再搜索。",
  ],
  opening: ["Opening the library…", "正在打开声音库…"],
  searching: ["Searching…", "正在搜索…"],
  like: ["Like {name}", "与 {name} 相似"],
  likeClear: ["Search for something else", "搜索其他内容"],
  likeSelection: ["Like a selection of the map", "与地图所选相似"],
  likeMixture: ["This mixture", "这一情感组合"],

  filters: ["Which segments count", "筛选"],
  anySpeaker: ["Any speaker", "所有说话人"],
  speaker: ["Speaker", "说话人"],
  leastConfidence: ["{limit} or more", "{limit} 及以上"],
  since: ["Recorded from", "录制时间从"],
  until: ["Recorded before", "录制时间至（不含）"],
  filtersClear: ["Clear", "清除"],

  meaning: ["Taken to mean", "理解为"],
  meaningHint: ["Move a share or the point: it is asked again.", "调整比例或圆点，会重新搜索。"],
  meaningReset: ["As it was taken first", "恢复最初的理解"],
  share: ["Share of {emotion}", "{emotion}的比例"],
  arousal: ["Arousal", "唤醒度"],
  valence: ["Valence", "效价"],
  noMatter: ["does not matter", "不限"],
  noMatterNow: ["{dimension} does not matter", "不限{dimension}"],

  hits: ["Found", "搜索结果"],
  hitsNone: ["Nothing is like that among the segments that count.", "筛选范围内没有相似的语段。"],
  hitsMore: ["More", "更多"],
  similarity: ["{share} similar", "相似度 {share}"],
  playSegment: ["Play {name} {time}", "播放 {name} {time}"],
  stopSegment: ["Stop {name} {time}", "停止 {name} {time}"],
  moreLike: ["More like this", "找相似"],
  moreLikeOf: ["More like {name} {time}", "找与 {name} {time} 相似的"],
  openResult: ["Open the result", "打开结果"],
  openResultOf: ["Open the result of {name}", "打开 {name} 的结果"],
  soundGone: ["The sound of this segment is no longer there.", "该语段的声音已不存在。"],

  map: ["Map", "地图"],
  mapOf: ["Map of {count}", "{count}的地图"],
  mapHint: [
    "Every point is a segment. What sounds alike lies together; axes and distances between groups mean nothing.",
    "每个点是一个语段。听起来相近的彼此靠近；坐标轴和各群之间的距离没有含义。",
  ],
  mapMake: ["Draw the map", "绘制地图"],
  mapWorking: ["The map is being computed…", "正在计算地图…"],
  mapColour: ["Colours", "颜色"],
  byEmotion: ["Emotion", "情感"],
  bySpeaker: ["Speaker", "说话人"],
  withoutVoices: ["Moods, not voices", "只看情绪，不看嗓音"],
  withoutVoicesHint: ["takes away what each speaker’s segments have in common", "去除每位说话人各语段的共同之处"],
  otherSpeakers: ["others", "其他"],
  noSpeaker: ["unknown", "未知"],
  tool: ["What dragging does", "拖动时"],
  toolMove: ["Move", "移动"],
  toolLasso: ["Lasso", "套索"],
  toolRectangle: ["Rectangle", "矩形"],
  selectVisible: ["Select what is visible", "选中可见部分"],
  mapKeys: [
    "Keys: arrows move, + and − zoom, 0 shows all, Enter plays what is nearest to the centre, R selects what is visible, Escape lets go.",
    "快捷键：方向键移动，+ / − 缩放，0 显示全部，Enter 播放最靠近中心的点，R 选中可见部分，Esc 取消选择。",
  ],
  legend: ["Legend: a click hides and shows", "图例：点击可隐藏或显示"],

  selection: ["Selection", "所选"],
  selectionNone: ["There is no visible point in it.", "其中没有可见的点。"],
  selectionList: ["List", "列出"],
  selectionLike: ["Like these", "找相似"],
  selectionCsv: ["CSV", "CSV"],
  selectionJsonl: ["JSONL", "JSONL"],
  selectionClear: ["Let go", "取消选择"],
  selectionRest: [
    "The first {listed} are listed; the files have all of them.",
    "仅列出前 {listed} 个；文件中包含全部。",
  ],

  confirmed: ["confirmed", "已确认"],
  relabelled: ["relabelled", "已更正"],
  labelAll: ["Label all…", "统一标注…"],
  labelRight: ["The model is right", "模型正确"],
  labelWrong: ["The model is wrong", "模型有误"],
  labelAllAs: ["Label {count} as {emotion}?", "将 {count}标为 {emotion}？"],
  labelAllRight: ["Is the model right about {count}?", "确认模型对 {count}的判断正确？"],
  labelAllWrong: ["Is the model wrong about {count}?", "确认模型对 {count}的判断有误？"],
  labelNow: ["Label {count}", "标注 {count}"],
  labelled: ["{count} labelled", "已标注 {count}"],
  undone: ["Undone", "已撤销"],
  unnamed: ["unnamed", "未署名"],
  labelList: ["All labels as a training list", "全部标签（训练清单）"],

  errors: ["Likely label errors", "可能有误的标签"],
  errorsHint: [
    "Among the labels that people have given: those that the speech of others speaks against. More than half of them may be right as they are: hear them first.",
    "在人工标签中，找出与其他语音的规律不符的。其中可能大半其实无误：请先听再改。",
  ],
  errorsLook: ["Look for them", "查找"],
  errorsAgain: ["Look again", "重新查找"],
  errorsWorking: ["Looking…", "正在查找…"],
  errorsList: ["List to put right", "供更正的清单"],
  errorsFound: ["Likely wrong: {errors} of {judged} labels.", "可能有误：{judged} 个标签中的 {errors} 个。"],
  errorsBySpeakers: [
    "What was learned from other speakers agrees with {share} of the labels.",
    "仅从其他说话人学到的判断与 {share} 的标签一致。",
  ],
  errorsByRecordings: [
    "What was learned from other recordings agrees with {share} of the labels.",
    "仅从其他录音学到的判断与 {share} 的标签一致。",
  ],
  errorsLeftOut: ["Too few are {label} to judge them: {count}.", "{label}太少，未作判断：{count} 个。"],
  sentences: [" ", ""],
  likely: ["more likely {emotion}", "更可能是 {emotion}"],

  people: ["People", "已登记的人"],
  peopleHint: [
    "Some voices sound angry or sad to a model whatever they say. Of who is enrolled here a result can also say how it sounds beside their ordinary voice (Recognise, More). Neither sound nor vectors are kept.",
    "有些人的声音无论说什么，模型听来总是愤怒或悲伤。登记后，识别时可另给出相对于其平常声音的结果（识别 › 更多）。不保存声音，也不保存向量。",
  ],
  person: ["Name", "姓名"],
  enrol: ["Enrol a person by these…", "用这些语段登记一个人…"],
  enrolBy: ["Enrol by {count}", "用 {count}登记"],
  enrolByHint: [
    "Nobody else may speak in them, and they should be ordinary speech. It takes 3 utterances and 10 s.",
    "其中应只有此人说话，且语气平常。至少需要 3 个语段、10 秒。",
  ],
  enrolSpeaker: ["Enrol", "登记"],
  enrolSpeakerHint: [
    "By all that the speaker of this name says in the library; or choose among what was found or selected above.",
    "用库中该名字的说话人所说的一切；也可从上方的搜索结果或所选语段登记。",
  ],
  enrolled: [
    "{person}: {utterances}, {seconds} s, {added} new. To {model} their ordinary voice is {emotion}.",
    "{person}：{utterances}，{seconds} 秒，新增 {added} 个。{model} 将其平常声音识别为 {emotion}。",
  ],
  heardBy: ["{model}: {utterances}, {seconds} s", "{model}：{utterances}，{seconds} 秒"],
  forget: ["Forget {person}", "删除 {person} 的登记"],
  forgetReally: ["Really forget {person}", "确认删除 {person} 的登记"],
  forgetNow: ["Forget", "确认删除"],
  forgotten: ["{person} is forgotten.", "已删除 {person} 的登记。"],

  recordings: ["Recordings", "录音"],
  recordingsNone: ["There are no recordings.", "没有录音。"],
  addHistory: ["Add all results of History", "添加历史中的全部结果"],
  addHistoryRunning: ["Adding {done} of {total}…", "正在添加 {done} / {total}…"],
  addHistoryNone: ["History has no results yet.", "历史中尚无结果。"],
  addHistoryDone: ["{added} in the library now.", "声音库现有新增 {added}。"],
  removeOne: ["Remove {name} from the library", "从声音库移除 {name}"],
  removeReally: ["Really remove {name}", "确认移除 {name}"],
  removeNow: ["Remove", "确认移除"],
  removed: ["{name} is removed.", "已移除 {name}。"],

  what: [
    "Many recordings in one place, searched by how they sound: by words in English or Chinese, by a mixture of emotions, by a clip. All of it stays on this machine.",
    "把许多录音放在一处，按听感搜索：用中文或英文描述，用情感比例，或用一段录音。所有数据均留在本机。",
  ],
  notInstalled: [
    "It comes on request, and brings about {size}. Nothing is downloaded afterwards. Whoever runs the server can add it with",
    "声音库按需安装，约需 {size}，此后不再下载任何内容。服务器管理员可运行以下命令安装",
  ],
  notInstalledAfter: ["and start the server again.", "然后重新启动服务器。"],
  empty: ["The library is empty", "声音库是空的"],
  emptyHow: [
    "Add what was recognised before, add a result from its page or a job from the queue, or whole folders with",
    "可以添加历史结果，在结果页或批量任务中逐个添加，也可用命令添加整个文件夹",
  ],
};

const COUNTS = {
  hits: ["{count} segment", "{count} segments", "{count} 个语段"],
  recordings: ["{count} recording", "{count} recordings", "{count} 段录音"],
  selected: ["{count} selected", "{count} selected", "已选 {count} 个"],
  speakers: ["{count} speaker", "{count} speakers", "{count} 位说话人"],
  utterances: ["{count} utterance", "{count} utterances", "{count} 个语段"],
};

export const t = saying({ ...STRINGS, ...LIBRARY });
export const counted = counting(COUNTS);
