// The long document: its evidence marked, scrolled to, and placed on a map of the whole.
//
// The text stands in chunks that the browser lays out when they come into sight (content-visibility
// in review.css), so that a document of megabytes opens as fast as a short one.

import { $, make, number, percent } from "/dom.js";

const CHUNK = 12000; // UTF-16 units
const HIGH_SURROGATE = (code) => code >= 0xd800 && code <= 0xdbff;

/** Where to cut a text: at line ends, else at a blank, never within a character. */
export function cuts(text) {
  const ends = [];
  for (let start = 0; start < text.length; start = ends.at(-1)) {
    let end = start + CHUNK;
    if (end >= text.length) end = text.length;
    else {
      const early = start + CHUNK / 2;
      const line = text.lastIndexOf("\n", end - 1);
      const blank = text.lastIndexOf(" ", end - 1);
      if (line >= early) end = line + 1;
      else if (blank >= early) end = blank + 1;
      else if (HIGH_SURROGATE(text.charCodeAt(end - 1))) end -= 1;
    }
    ends.push(end);
  }
  return ends;
}

export class Reader {
  #material = $("#material");
  #map = $("#map");
  #thumb = $("#map i");
  #position = $("#position");
  #piece = $("#piece");
  #chunks = []; // {start, end, element}
  #marks = []; // of each piece of evidence, its mark elements
  #evidence = [];
  #length = 0;
  #frame = 0;

  constructor() {
    this.#material.addEventListener("scroll", () => this.#follow(), { passive: true });
    new ResizeObserver(() => this.#follow()).observe(this.#material);
    this.#map.addEventListener("click", (event) => {
      const { top, height } = this.#map.getBoundingClientRect();
      this.#goTo(Math.round(((event.clientY - top) / height) * this.#length));
    });
    this.now = -1;
  }

  /** Show a text with its evidence, a list of {from, to, depth}, and scroll to the first piece. */
  show(text, evidence, language) {
    this.#length = text.length;
    this.#evidence = evidence;
    this.#marks = evidence.map(() => []);
    this.#chunks = [];
    this.#material.lang = language;
    let start = 0;
    for (const end of cuts(text)) {
      const element = make("div", { className: "chunk" });
      const lines = (end - start) / (language === "zh" ? 38 : 76) + 1;
      element.style.containIntrinsicSize = `auto ${Math.round(lines * 27)}px`;
      this.#fill(element, text, start, end);
      this.#chunks.push({ start, end, element });
      start = end;
    }
    this.#material.replaceChildren(...this.#chunks.map(({ element }) => element));
    this.#material.scrollTop = 0;
    this.#drawMap();
    this.now = -1;
    if (evidence.length) this.go(0);
    else this.tell();
    this.#follow();
  }

  /** Scroll to a piece of evidence; past the last comes the first. */
  go(piece) {
    const count = this.#evidence.length;
    if (!count) return;
    this.now = (piece + count) % count;
    for (const [at, marks] of this.#marks.entries())
      for (const mark of marks) mark.classList.toggle("now", at === this.now);
    const [mark] = this.#marks[this.now];
    if (mark) {
      // Twice: laying out what comes into sight moves what was only estimated before.
      mark.scrollIntoView({ block: "center" });
      requestAnimationFrame(() => mark.scrollIntoView({ block: "center" }));
    } else this.#goTo(this.#evidence[this.now].from);
    this.tell();
  }

  next() {
    this.go(this.now + 1);
  }

  previous() {
    this.go(this.now - 1);
  }

  /** Scroll by screens. */
  page(screens) {
    this.#material.scrollBy({ top: screens * this.#material.clientHeight * 0.9 });
  }

  #fill(element, text, start, end) {
    const inside = this.#evidence.filter(({ from, to }) => from < end && to > start && to > from);
    const bounds = new Set([start, end]);
    for (const { from, to } of inside) bounds.add(Math.max(from, start)).add(Math.min(to, end));
    const sorted = [...bounds].sort((a, b) => a - b);
    for (let i = 0; i + 1 < sorted.length; i += 1) {
      const [a, b] = [sorted[i], sorted[i + 1]];
      const over = inside.filter(({ from, to }) => from <= a && to >= b);
      if (!over.length) {
        element.append(text.slice(a, b));
        continue;
      }
      const mark = make("mark", {}, text.slice(a, b));
      for (const piece of over) this.#marks[this.#evidence.indexOf(piece)].push(mark);
      element.append(mark);
    }
  }

  #drawMap() {
    const ticks = this.#evidence.map(({ from, to }) => {
      const tick = make("b");
      tick.style.top = `${(100 * from) / Math.max(1, this.#length)}%`;
      tick.style.height = `${(100 * (to - from)) / Math.max(1, this.#length)}%`;
      return tick;
    });
    this.#map.replaceChildren(this.#thumb, ...ticks);
  }

  #goTo(offset) {
    const chunk = this.#chunks.find(({ end }) => offset < end) ?? this.#chunks.at(-1);
    if (!chunk) return;
    const share = (offset - chunk.start) / (chunk.end - chunk.start);
    const go = () => {
      const { offsetTop, offsetHeight } = chunk.element;
      this.#material.scrollTop =
        offsetTop + share * offsetHeight - this.#material.clientHeight / 2;
    };
    go();
    requestAnimationFrame(go);
  }

  /** Return the offset in the text that stands at a height of the scrolled content. */
  #offsetAt(height) {
    let [low, high] = [0, this.#chunks.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#chunks[middle].element.offsetTop <= height) low = middle;
      else high = middle - 1;
    }
    const { start, end, element } = this.#chunks[low];
    const share = (height - element.offsetTop) / Math.max(1, element.offsetHeight);
    return start + Math.min(1, Math.max(0, share)) * (end - start);
  }

  /** Keep the map's thumb where the reader is. */
  #follow() {
    if (this.#frame) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      if (!this.#chunks.length) return this.#position.replaceChildren();
      const { scrollTop, clientHeight } = this.#material;
      const from = this.#offsetAt(scrollTop) / this.#length;
      const to = this.#offsetAt(scrollTop + clientHeight) / this.#length;
      this.#thumb.style.top = `${100 * from}%`;
      this.#thumb.style.height = `${100 * Math.max(0, to - from)}%`;
      this.#position.textContent = `${percent(from)} of ${number(this.#length)} characters`;
    });
  }

  /** Say which piece of evidence is in sight, here and on the sheet. */
  tell() {
    const count = this.#evidence.length;
    const depth = this.#evidence[this.now]?.depth;
    const at = depth == null ? "" : ` · depth ${percent(depth)}`;
    this.#piece.textContent = count ? `evidence ${this.now + 1} of ${count}${at}` : "no evidence";
    $("#before").disabled = $("#after").disabled = count < 2;
    for (const [piece, button] of document.querySelectorAll("#editor .evidence button").entries())
      button.ariaCurrent = piece === this.now ? "true" : null;
  }
}
