/** What the history says, in English and in Chinese. */

export const HISTORY = {
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
};
