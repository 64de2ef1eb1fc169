/** What live speech says, in English and in Chinese. */

export const LIVE = {
  liveStart: ["Start listening", "开始聆听"],
  liveStop: ["Stop", "停止"],
  liveListens: ["the microphone is on", "麦克风正在收听"],
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
  keptSaved: ["Saved; it is in History, too.", "已保存，也可在历史中找到。"],
  keptSound: ["Sound (.wav)", "声音（.wav）"],
  keptEvents: ["Events (.json)", "事件（.json）"],
  keptForget: ["Discard", "丢弃"],
  level: ["Level", "音量"],
  utterances: ["Utterances", "语句"],
  utterancesEmpty: ["Each utterance is listed when it has ended.", "每句话结束后会列在这里。"],
};
