// The keys. What stands here is what the page's help shows. After a key that `writes`, those that
// follow are meant for the field that it opens.

export const KEYS = [
  { keys: ["a"], does: "accept", says: "accept the row and go to the next" },
  { keys: ["x"], does: "reject", says: "reject the row and go to the next" },
  { keys: ["e"], does: "edit", writes: true, says: "edit question and answer" },
  { keys: ["n"], does: "note", writes: true, says: "write a note" },
  { keys: ["c"], does: "clear", says: "take the row's decision back" },
  { keys: ["u"], does: "undo", says: "undo what was decided last here" },
  { keys: ["j", "ArrowDown"], does: "next", says: "next row" },
  { keys: ["k", "ArrowUp"], does: "previous", says: "previous row" },
  { keys: ["]"], does: "after", says: "next piece of evidence" },
  { keys: ["["], does: "before", says: "previous piece of evidence" },
  { keys: [" ", "PageDown"], does: "down", says: "scroll the document down" },
  { keys: ["PageUp"], does: "up", says: "scroll the document up" },
  { keys: ["g"], does: "undecided", says: "next undecided row" },
  { keys: ["/"], does: "search", writes: true, says: "search" },
  { keys: ["f"], does: "filter", writes: true, says: "filter by state" },
  { keys: ["r"], does: "refresh", says: "ask for the list again" },
  { keys: ["?"], does: "help", writes: true, says: "show these keys" },
];

const SHOWN = { ArrowDown: "↓", ArrowUp: "↑", " ": "Space", PageDown: "Page ↓", PageUp: "Page ↑" };
export const shown = (key) => SHOWN[key] ?? key;

const BY_KEY = new Map(KEYS.flatMap((entry) => entry.keys.map((key) => [key, entry])));
const SCROLLING = new Set([" ", "ArrowDown", "ArrowUp", "PageDown", "PageUp"]);

/** Return the entry of what a key does where it was pressed, or nothing. */
export function meant(event) {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return undefined;
  const target = event.target;
  if (target.matches("input, textarea, select") || target.closest("dialog")) return undefined;
  // On a button the space bar presses it; in the document the keys that scroll do that.
  if (event.key === " " && target.matches("button, summary")) return undefined;
  if (SCROLLING.has(event.key) && target.closest("#material, pre")) return undefined;
  // On a keyboard of another script the key's place says which letter is meant.
  const letter = /^Key([A-Z])$/.exec(event.code)?.[1].toLowerCase();
  const key = event.key.length === 1 && event.key > "~" && letter ? letter : event.key;
  return BY_KEY.get(key);
}
