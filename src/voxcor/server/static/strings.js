/** Everything the page says, once in English and once in Chinese. */

import { language } from "./state.js";
import { FAILURES } from "./words.js";

/** @import { Model } from "./server.js" */

const STRINGS = {
  // Around everything
  recognise: ["Recognise", "识别"],
  queue: ["Queue", "批量"],
  live: ["Live", "实时"],
  history: ["History", "历史"],
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
    "The server does not answer. Is it still running? Start it with: voxcor serve",
    "服务器没有响应。它还在运行吗？启动命令：voxcor serve",
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

  // Input
  input: ["Audio and options", "音频与选项"],
  drop: ["Drop audio here, paste it, or browse", "拖放、粘贴或点击选择音频"],
  dropHint: [
    "WAV, MP3, M4A, FLAC, OGG and whatever FFmpeg reads; up to {minutes} minutes and {size}",
    "WAV、MP3、M4A、FLAC、OGG 及 FFmpeg 支持的格式；不超过 {minutes} 分钟、{size}",
  ],
  dropOther: ["click to choose another", "点击更换"],
  dropNext: [
    "Another recording is being recognised. This one is next: press the button when it is done.",
    "正在识别另一段录音。这一段排在其后，届时请点击按钮。",
  ],
  dropNextNow: ["Now it is this one’s turn: press the button.", "轮到这一段了：请点击按钮。"],
  dropHere: ["Drop to add", "松开以添加"],
  record: ["Record", "录音"],
  recordStop: ["Stop", "停止"],
  example: ["Example, spoken angrily", "示例（愤怒的语气）"],
  granularity: ["Granularity", "粒度"],
  utterance: ["Utterance", "整句"],
  utteranceHint: ["one answer for all of it", "整段一个结果"],
  segment: ["Segment", "语段"],
  segmentHint: ["one for each stretch of speech", "每段语音一个结果"],
  frame: ["Frame", "帧"],
  frameHint: ["a curve of 20 ms steps", "每 20 毫秒一个结果"],
  embedding: ["Extract embedding", "提取 Embedding 特征"],
  embeddingHint: ["embedding.npy", "embedding.npy"],
  more: ["More", "更多"],
  model: ["Model", "模型"],
  modelAuto: ["Best installed ({model})", "已安装的最佳模型（{model}）"],
  trim: ["Trim silence", "去除首尾静音"],
  trimNot: ["Silence not trimmed", "不去除首尾静音"],
  trimHint: ["before and after speech", "不影响时间标注"],
  any_sound: ["Any sound", "任何声音"],
  any_soundHint: ["recognise without speech, too: laughter, crying", "没有语音也识别：笑声、哭声"],
  strict: ["Strict", "严格"],
  strictHint: ["refuse recordings that are cut off", "拒绝被截断的录音"],
  track: ["Sound track", "音轨"],
  trackAuto: ["the one with speech", "有语音的一条"],
  trackChosen: ["Sound track {track}", "音轨 {track}"],
  speakers: ["Add who speaks when (RTTM or CSV)", "添加说话人轮次（RTTM 或 CSV）"],
  raw: ["Format without header", "裸音频格式"],
  separate: ["Separate channels", "分声道识别"],
  separateHint: ["a result for each side of a call", "通话双方各给出一个结果"],
  abstain: ["When unsure", "把握不大时"],
  abstainNever: ["Always name an emotion", "总是给出情感"],
  abstainBelow: ["No answer below {limit}", "低于 {limit} 不作判断"],
  labels: ["Emotions", "情感类别"],
  narrowings: ["What narrows the answer", "影响结果的选项"],
  onlyLabels: ["Only {labels}", "仅{labels}"],
  without: ["Without {labels}", "不含{labels}"],
  comma: [", ", "、"],
  takeBack: ["(take back)", "（取消）"],
  takeAllBack: ["Clear all", "全部清除"],
  start: ["🎯 Recognise", "🎯 开始识别"],
  cancel: ["Cancel", "取消"],
  log: ["Processing log", "处理日志"],
  logEmpty: ["Steps appear here while they happen.", "处理步骤会实时显示在这里。"],
  uploading: ["Sending {share}", "上传中 {share}"],
  microphoneInsecure: [
    "Browsers give the microphone to localhost and to https only.",
    "浏览器仅允许 localhost 或 https 页面使用麦克风。",
  ],
  microphoneMissing: ["There is no microphone.", "未找到麦克风。"],
  microphoneRefused: [
    "The browser did not allow the microphone: allow it for this page and try again.",
    "浏览器未允许使用麦克风；请允许本页面使用后重试。",
  ],

  // Result
  result: ["Result", "识别结果"],
  resultEmpty: ["The emotion appears here", "情感结果将显示在这里"],
  resultGone: [
    "This result is no longer here: it was deleted, or it was older than results are kept. History has those that are.",
    "该结果已不存在：可能已被删除，或已超过保存期限。现有结果请见“历史”。",
  ],
  resultRunning: ["Listening…", "正在识别…"],
  confidence: ["Confidence", "置信度"],
  scores: ["Scores", "详细得分"],
  scoresWhole: ["Scores of the whole recording", "整段录音得分"],
  leads: ["{emotion} leads: {share} of the speech", "{emotion} 为主：占语音时长 {share}"],
  nothingLeads: ["No one emotion leads", "没有占主导的情感"],
  nothingLeadsWhy: ["Most often {emotion}, {share} of the speech.", "出现最多的是 {emotion}，占语音时长 {share}。"],
  nothingLeadsBoth: [
    "Most often {emotion}, {share} of the speech, but {whole} scores highest over the whole recording.",
    "出现最多的是 {emotion}，占语音时长 {share}；但整段录音得分最高的是 {whole}。",
  ],
  moments: ["Strongest moments", "情感最强的语段"],
  momentsNone: ["No segment is led by an emotion other than neutral.", "没有以中性以外的情感为主的语段。"],
  only: ["Only {emotion}", "仅看{emotion}"],
  blend: ["Blend", "复合情感"],
  dimensions: ["Dimensions", "情感维度"],
  dimensionsOf: ["arousal {arousal} · valence {valence}", "唤醒度 {arousal} · 效价 {valence}"],
  dimensionsDerived: ["derived from the scores", "由得分推算"],
  dimensionsModel: ["by the model", "由模型给出"],
  dimensionsNone: [
    "none: most of the scores lie on labels that stand nowhere on the plane",
    "无：得分多在没有坐标的类别上",
  ],
  plane: ["Arousal and valence", "唤醒度与效价"],
  planeWhole: ["the whole: {place}", "整体：{place}"],
  planeFrom: ["begins at {start}, ends at {end}", "开始：{start}；结束：{end}"],
  planeMark: ["the whole recording", "整段录音"],
  planeFormula: [
    "No model measured these. They are means of where the words for the emotions stand, weighted by the scores:",
    "并非模型测量所得，而是各情感词坐标按得分加权的平均：",
  ],
  planeSource: [
    "Coordinates: J. A. Russell and A. Mehrabian 1977, “Evidence for a three-factor theory of emotions”, Journal of Research in Personality 11, 273–294.",
    "坐标出自 J. A. Russell 与 A. Mehrabian 1977，“Evidence for a three-factor theory of emotions”，Journal of Research in Personality 11，273–294。",
  ],
  sentenceEnd: [". ", "。"],
  pleasant: ["pleasant", "愉快"],
  unpleasant: ["unpleasant", "不愉快"],
  excited: ["excited", "激动"],
  calm: ["calm", "平静"],
  abstained: ["No answer: not sure enough", "不作判断：把握不足"],
  abstainedWhy: [
    "Most likely {emotion}, but {confidence} is below the limit of {limit}.",
    "最可能为 {emotion}，但置信度 {confidence} 低于设定的 {limit}。",
  ],
  noAnswer: ["no answer", "不作判断"],
  channelChoice: ["Channels", "声道"],
  warnings: ["Quality warnings", "音质提示"],
  audio: ["Audio", "音频"],
  quality: ["Quality", "质量"],
  speech: ["{time} of speech", "语音 {time}"],
  snr: ["SNR", "信噪比"],
  trimmed: ["{seconds} s of silence trimmed", "去除静音 {seconds} 秒"],
  mono: ["mono", "单声道"],
  stereo: ["stereo", "立体声"],
  channels: ["{count} channels", "{count} 声道"],
  channel: ["channel {number}", "第 {number} 声道"],
  channelOf: ["channel {number} of {count}", "第 {number} 声道（共 {count} 个）"],
  shares: ["Over time", "时间占比"],
  course: ["Course", "过程"],
  unofficial: ["unofficial weights", "非官方权重"],
  files: ["Files", "文件"],
  archive: ["Folder (.zip)", "结果文件夹（.zip）"],
  export: ["Export …", "导出……"],
  archiveOf: ["Download {name} as zip", "下载 {name} 的结果（.zip）"],

  // Player
  player: ["Waveform and emotion curve", "波形与情感曲线"],
  play: ["Play", "播放"],
  pause: ["Pause", "暂停"],
  position: ["Position", "播放位置"],
  zoom: ["Zoom", "缩放"],
  zoomIn: ["Zoom in", "放大"],
  zoomOut: ["Zoom out", "缩小"],
  zoomFit: ["Show all", "显示全部"],
  speed: ["Speed", "速度"],
  volume: ["Volume", "音量"],
  overview: ["Part of the recording that is shown", "显示的部分"],
  keys: ["Keys: space plays, J and L jump 10 s, ← and → 5 s", "快捷键：空格播放，J / L 跳 10 秒，← / → 跳 5 秒"],
  curve: ["Emotion curve", "情感曲线"],
  curveLines: ["Lines", "折线"],
  curveStacked: ["Stacked", "堆叠"],
  noSpeech: ["no speech", "无语音"],
  spectrogram: ["Spectrogram", "频谱图"],
  spectrogramOf: ["Spectrogram, 0 to 8 kHz", "频谱图，0–8 kHz"],
  spectrogramZoom: [
    "Zoom in to {minutes} minutes or less to see the spectrogram.",
    "放大到 {minutes} 分钟以内即可查看频谱图。",
  ],
  show: ["Show", "显示"],
  showAll: ["All emotions", "全部情感"],
  arousalValence: ["Arousal · valence", "唤醒度 · 效价"],
  time: ["Time", "时间"],
  emotion: ["Emotion", "情感"],
  select: ["Select as region", "设为片段"],
  region: ["Region", "片段"],
  regionHint: ["or drag over the waveform", "或在波形上拖动"],
  regionSelect: ["Select a region", "选取片段"],
  regionStart: ["Start of the region, in seconds", "片段开始（秒）"],
  regionEnd: ["End of the region, in seconds", "片段结束（秒）"],
  regionClear: ["Clear the region", "取消片段"],
  regionScore: ["Score it", "识别片段"],
  loop: ["Loop", "循环"],

  // Corrections
  right: ["Right", "正确"],
  wrong: ["Wrong", "错误"],
  rightOf: ["{time}: {emotion} is right", "{time}：{emotion} 正确"],
  wrongOf: ["{time}: {emotion} is wrong", "{time}：{emotion} 错误"],
  correct: ["Correct", "更正"],
  correctOf: ["{time}: correct {emotion}", "{time}：更正 {emotion}"],
  correctNone: ["Not {emotion}", "不是 {emotion}"],
  correctAnother: ["Another label…", "其他标签……"],
  correctName: ["Label", "标签"],
  correctStart: ["Start of the segment, in seconds", "语段开始（秒）"],
  correctEnd: ["End of the segment, in seconds", "语段结束（秒）"],
  correctTake: ["Take the region's borders", "采用片段边界"],
  correctForget: ["As the model has it", "恢复模型结果"],
  correctDone: ["Close", "关闭"],
  correctReload: ["Load what is there", "载入现有更正"],
  correctAnew: ["Set them aside and begin anew", "移开并重新开始"],
  correctRetry: ["Try again", "重试"],
  correctList: ["All corrections as a training list", "全部更正（训练清单）"],
  correctKeys: [
    "Keys in the list: C corrects, R right, W wrong, Ctrl+Z takes back.",
    "列表中的快捷键：C 更正，R 正确，W 错误，Ctrl+Z 撤销。",
  ],
  undo: ["Undo", "撤销"],
  redo: ["Redo", "重做"],
  saving: ["Saving…", "正在保存…"],
  saved: ["Saved", "已保存"],
  annotator: ["Your name (optional)", "您的姓名（可选）"],

  // Queue
  queueDrop: ["Drop many files here, or browse", "拖放或选择多个文件"],
  queueHint: ["Up to {minutes} minutes each, {size} in all", "单个不超过 {minutes} 分钟，合计不超过 {size}"],
  queueChosen: ["{count} chosen, {size}", "已选 {count} 个，{size}"],
  queueMore: ["and {count} more", "另有 {count} 个"],
  queueClear: ["Clear", "清空"],
  queueRemove: ["Remove {name}", "移除 {name}"],
  jobs: ["Jobs", "任务"],
  jobsEmpty: [
    "No jobs yet. Add ten files or a thousand: the server works on, even with this page closed.",
    "尚无任务。可一次添加任意多个文件；关闭网页后服务器会继续处理。",
  ],
  job: ["Job of {time}", "{time} 的任务"],
  jobGone: ["This job is no longer here: it was deleted.", "该任务已不存在：已被删除。"],
  jobName: ["Name of the job", "任务名称"],
  jobRename: ["Rename", "命名"],
  save: ["Save", "保存"],
  jobRetry: ["Try again what failed", "重试失败的录音"],
  jobsErase: ["Delete the {count} jobs that have ended", "删除 {count} 个已结束的任务"],
  jobsEraseReally: ["Really delete {count} jobs", "确认删除 {count} 个任务"],
  keepAudio: ["Keep the recordings with the job", "随任务保留录音"],
  keepAudioHint: ["to play them, and to try again what failed", "以便播放，以及重试失败的录音"],
  openInPlayer: ["Open {name} in the player", "在播放器中打开 {name}"],
  spread: ["Emotions of all", "情感分布"],
  searchName: ["Search by name", "按名称搜索"],
  anyEmotion: ["Any emotion", "所有情感"],
  anyConfidence: ["Any confidence", "所有置信度"],
  confidenceBelow: ["Below {limit}", "低于 {limit}"],
  noneFound: ["None of them.", "没有符合条件的录音。"],
  sort: ["Order", "排序"],
  sortLatest: ["Latest first", "最新在前"],
  sortName: ["By name", "按名称"],
  sortUnsure: ["Least sure first", "置信度从低到高"],
  sortSure: ["Surest first", "置信度从高到低"],
  jobMoreSorted: ["{count} more", "另有 {count} 条"],
  jobCount: ["{finished} of {total}", "{finished} / {total}"],
  jobFailed: ["failed: {count}", "失败 {count}"],
  jobPassedOver: ["passed over: {count}", "略过 {count}"],
  jobAudio: ["{time} of audio", "音频 {time}"],
  jobPace: ["{speed}× real time", "{speed} 倍实时"],
  jobLeft: ["about {time} left", "约剩 {time}"],
  jobCancel: ["Cancel the job", "取消任务"],
  jobErase: ["Delete the job of {time}", "删除 {time} 的任务"],
  jobEraseReally: ["Really delete the job of {time}", "确认删除 {time} 的任务"],
  jobAll: ["All", "全部"],
  jobOnlyFailed: ["Failed", "失败"],
  jobShow: ["Which recordings", "显示范围"],
  jobMore: ["{count} earlier", "更早的 {count} 条"],
  jobWaiting: ["Recordings appear here as they are done.", "处理完成的录音会显示在这里。"],
  waiting: ["waiting", "等待中"],
  running: ["running", "进行中"],
  done: ["done", "已完成"],
  cancelled: ["cancelled", "已取消"],
  failed: ["failed", "失败"],

  // Live
  liveStart: ["Start listening", "开始聆听"],
  liveStop: ["Stop", "停止"],
  liveEmpty: ["Speak, and see the emotion while you do.", "对着麦克风说话，实时查看情感。"],
  liveWaiting: ["Waiting for speech…", "等待语音…"],
  liveSpeech: ["speech", "正在说话"],
  liveSilence: ["silence", "静音"],
  liveLost: [
    "The connection to the server was lost after {time}. Check that it still runs, then start again; what was heard so far is still here.",
    "与服务器的连接在 {time} 后断开。请确认服务器仍在运行，然后重新开始；此前的内容仍保留在此处。",
  ],
  liveNotOpened: [
    "The server does not take the session. Check that it still runs, then start again.",
    "服务器未接受会话。请确认服务器仍在运行，然后重新开始。",
  ],
  liveIdle: [
    "The server ended the session because no sound came from the microphone any more.",
    "麦克风不再有声音传来，服务器结束了会话。",
  ],
  liveShutdown: [
    "The server was stopped, and the session with it. What was heard is still here.",
    "服务器已停止，会话随之结束。已识别的内容仍保留在此处。",
  ],
  microphone: ["Microphone", "麦克风"],
  microphoneDefault: ["The browser's choice", "浏览器默认"],
  microphoneOf: ["Microphone {number}", "麦克风 {number}"],
  microphoneBusy: [
    "The microphone does not answer: another program may be using it.",
    "麦克风没有响应，可能正被其他程序占用。",
  ],
  microphoneLost: [
    "The microphone is gone. Plug it in again, or choose another.",
    "麦克风已断开。请重新连接或另选一个。",
  ],
  keepSound: ["Keep the sound", "保留声音"],
  keepSoundHint: ["in this page only", "仅在本页面中"],
  kept: ["This session", "本次会话"],
  keptHint: [
    "Only this page has the sound. Saved as a result, it is recognised by segments, played and exported like a recording.",
    "声音只保留在本页面中。保存为结果后，会按语段识别，可像录音一样播放和导出。",
  ],
  keptSilent: ["Its sound was not kept; its events can be saved.", "未保留声音，可保存其事件。"],
  keptSave: ["Save as a result", "保存为结果"],
  keptOpen: ["Open the result", "打开结果"],
  keptSaved: ["Saved; it is in the history, too.", "已保存，也可在历史中找到。"],
  keptSound: ["Sound (.wav)", "声音（.wav）"],
  keptEvents: ["Events (.json)", "事件（.json）"],
  keptForget: ["Discard", "丢弃"],
  level: ["Level", "音量"],
  utterances: ["Utterances", "语句"],
  utterancesEmpty: ["Each utterance is listed when it has ended.", "每句话结束后会列在这里。"],

  // History
  historyEmpty: ["No results yet.", "尚无结果。"],
  historyNone: ["No result is like that.", "没有符合条件的结果。"],
  selectOne: ["Select {name}", "选择 {name}"],
  eraseChosen: ["Delete {count} chosen", "删除所选 {count} 项"],
  eraseChosenReally: ["Really delete {count}", "确认删除 {count} 项"],
  historyMore: ["Older", "更早的结果"],
  erase: ["Delete {name}", "删除 {name}"],
  eraseReally: ["Really delete {name}", "确认删除 {name}"],
  eraseNow: ["Delete", "确认删除"],
  eraseKeep: ["Keep", "保留"],

  // Models
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
  int8Words: [
    "A quarter of the size, several times as fast; scores within 0.01 of the original on average.",
    "体积为四分之一，速度快数倍；得分与原模型平均相差不超过 0.01。",
  ],
  int8Starts: ["Making int8…", "正在生成 int8…"],

  // Rules
  rule: ["New rule", "新规则"],
  rulesHint: [
    "Saved rules watch live speech and every new result. Where they fire is shown here and on the result, and sent as events and signed webhooks.",
    "已保存的规则会监测实时语音和每个新结果。触发位置显示在此处和结果中，并通过事件流和签名 webhook 发出。",
  ],
  builder: ["Choose", "选择条件"],
  builderUse: ["Write the rule", "生成规则"],
  test: ["Comparison", "比较"],
  testLeads: ["leads all others", "高于其他所有情感"],
  testAbove: ["is above", "高于"],
  testBelow: ["is below", "低于"],
  testRises: ["rises above", "升至……以上"],
  testFalls: ["falls below", "降至……以下"],
  limit: ["Score, %", "得分（%）"],
  span: ["How long", "持续时间"],
  spanOnce: ["once is enough", "出现一次即可"],
  spanUnbroken: ["without a break", "连续"],
  spanShare: ["a share of the time", "占一段时间的比例"],
  spanSeconds: ["Seconds", "秒数"],
  spanPercent: ["Share, %", "比例（%）"],
  ruleName: ["Name (optional)", "名称（可选）"],
  ruleText: ["Rule", "规则"],
  ruleExamples: ["Or write it yourself, such as:", "也可以直接书写，例如："],
  ruleSave: ["Save the rule", "保存规则"],
  ruleSecret: ["The secret of this webhook, shown only now:", "该 webhook 的密钥（仅显示一次）："],
  rulesSaved: ["Saved rules", "已保存的规则"],
  rulesEmpty: ["No rules yet.", "尚无规则。"],
  ruleErased: ["{name} is deleted.", "已删除 {name}。"],
  webhook: ["Webhook (optional)", "Webhook（可选）"],
  firings: ["Lately fired", "最近触发"],
  firingsEmpty: ["No rule has fired since the server started.", "服务器启动以来尚无规则触发。"],
  firedIn: ["Rules fired ({count})", "规则触发（{count}）"],
  firedSeek: ["Go to {time}, where {rule} fired", "跳到 {time}，{rule} 在此触发"],
  firedLive: ["live", "实时"],
  firedInGone: ["a result that is deleted", "已删除的结果"],
};

// Costs as docs/speed.md has them, fp32 on two cores.
/** @type {Record<string, string[]>} */
const MODELS = {
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

/**
 * What is counted: one, several, and in Chinese, which does not tell them apart.
 *
 * @type {Record<string, [string, string, string]>}
 */
const COUNTS = {
  segments: ["{count} segment", "{count} segments", "{count} 个语段"],
  changes: ["{count} change", "{count} changes", "变化 {count} 次"],
};

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

/** @typedef {keyof typeof STRINGS} Key */

const said = (/** @type {string[]} */ [en, zh]) => (language.value === "zh" ? zh : en);

/**
 * The text of a key in the language of the page, `{name}` filled in.
 *
 * @param {Key} key
 * @param {Record<string, string | number>} values
 */
export const t = (key, values = {}) => filled(said(STRINGS[key]), values);

const filled = (/** @type {string} */ text, /** @type {Record<string, unknown>} */ values) =>
  text.replaceAll(/\{(\w+)\}/g, (_, name) => String(values[name]));

/**
 * A number of things, in words.
 *
 * @param {keyof typeof COUNTS} key
 * @param {number} count
 */
export const counted = (key, count) => {
  const [one, several, zh] = COUNTS[key];
  return said([count === 1 ? one : several, zh]).replace("{count}", String(count));
};

/**
 * Why a recording failed; what the page has no words for is said in the server's.
 *
 * @param {{ code: string, message: string }} failure
 */
export const failureWords = ({ code, message }) => (code in FAILURES ? said(FAILURES[code]) : message);

/**
 * What a model is good for; nothing is known of a person's own.
 *
 * @param {Model} model
 */
export const modelWords = ({ id, precision }) =>
  id in MODELS ? said(MODELS[id]) : precision === "int8" ? t("int8Words") : "";

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
