/** The nine emotions: names in both languages, emoji, and the palette in light and dark. */

import { isDark, language } from "./state.js";

const LABELS = {
  angry: ["Angry", "愤怒", "😠", "#D7263D", "#F0526A"],
  disgusted: ["Disgusted", "厌恶", "🤢", "#6B8E23", "#93B848"],
  fearful: ["Fearful", "恐惧", "😨", "#7B4FA3", "#A98AD6"],
  happy: ["Happy", "快乐", "😊", "#F2A900", "#F7BC33"],
  neutral: ["Neutral", "中性", "😐", "#8A8F98", "#A1A7B0"],
  other: ["Other", "其他", "🤔", "#8C6D5A", "#B8937C"],
  sad: ["Sad", "悲伤", "😢", "#2D6CDF", "#639AF8"],
  surprised: ["Surprised", "惊讶", "😲", "#00A6A6", "#2AC6C6"],
  unknown: ["Unknown", "未知", "❓", "#BFC4CC", "#6E757F"],
};

// Of labels that a fine-tuned model brings along; as in voxcor.labels.
const EXTRA_COLORS = ["#B5179E", "#3A7D44", "#5F0F40", "#118AB2", "#EF6F6C", "#6C584C"];

/** The label of an id; one that is not among the nine is named by itself. */
export function labelOf(id) {
  if (LABELS[id]) {
    const [en, zh, emoji, light, dark] = LABELS[id];
    return { id, en, zh, emoji, color: isDark.value ? dark : light };
  }
  const bytes = new TextEncoder().encode(id);
  const color = EXTRA_COLORS[bytes.reduce((sum, byte) => sum + byte, 0) % EXTRA_COLORS.length];
  const words = id.replaceAll("_", " ").toLowerCase();
  const name = words.charAt(0).toUpperCase() + words.slice(1);
  return { id, en: name, zh: name, emoji: "🔖", color };
}

/** The name in the reader's language. */
export function nameOf(id) {
  return labelOf(id)[language.value];
}

/** Both names, the reader's first: `快乐 (Happy)` or `Happy (快乐)`. */
export function bothNames(id) {
  const { en, zh } = labelOf(id);
  if (en === zh) return en;
  return language.value === "zh" ? `${zh} (${en})` : `${en} (${zh})`;
}
