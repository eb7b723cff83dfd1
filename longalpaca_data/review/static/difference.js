// What an edit changed, word by word.

const MOST = 1500; // words of either text: the table has as many cells as their product

const segmenter = new Intl.Segmenter(undefined, { granularity: "word" });

/** Cut a text into words, each with the blanks behind it: alone they would match everywhere. */
function pieces(text) {
  const found = [];
  for (const { segment } of segmenter.segment(text))
    if (found.length && !segment.trim()) found[found.length - 1] += segment;
    else found.push(segment);
  return found;
}

/**
 * Compare two texts by their longest common subsequence of words. Returns for each a list of
 * {text, changed}, neighbours joined; texts that are too long come back whole and unmarked.
 */
export function difference(before, after) {
  const [a, b] = [pieces(before), pieces(after)];
  if (a.length > MOST || b.length > MOST)
    return [[{ text: before, changed: false }], [{ text: after, changed: false }]];
  const width = b.length + 1;
  const common = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i -= 1)
    for (let j = b.length - 1; j >= 0; j -= 1)
      common[i * width + j] =
        a[i] === b[j]
          ? common[(i + 1) * width + j + 1] + 1
          : Math.max(common[(i + 1) * width + j], common[i * width + j + 1]);
  const [left, right] = [[], []];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      add(left, a[i++], false);
      add(right, b[j++], false);
    } else if (j === b.length || (i < a.length && common[(i + 1) * width + j] >= common[i * width + j + 1]))
      add(left, a[i++], true);
    else add(right, b[j++], true);
  }
  return [left, right];
}

function add(parts, text, changed) {
  if (parts.at(-1)?.changed === changed) parts.at(-1).text += text;
  else parts.push({ text, changed });
}
