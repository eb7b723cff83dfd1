// The list of rows. Of any number of them only those in sight are in the page.

import * as api from "/api.js";
import { make, number, words } from "/dom.js";

const LINE = 76; // pixels, as in review.css
const PAGE = 50; // lines asked for at a time
const SPARE = 8; // lines kept above and below those in sight

export const GLYPHS = { accepted: "✓", rejected: "✕", edited: "✎", undecided: "" };

/** The one state that a row is shown in. */
export function state(review) {
  if (review.decision === "reject") return "rejected";
  if (review.question !== null || review.output !== null) return "edited";
  return review.decision === "accept" ? "accepted" : "undecided";
}

export class RowList {
  #element;
  #room;
  #ids = [];
  #lines = new Map();
  #asked = new Set();
  #at = -1;
  #onError;

  constructor(element, { onPick, onError }) {
    this.#element = element;
    this.#room = element.firstElementChild;
    this.#onError = onError;
    element.addEventListener("scroll", () => this.#draw(), { passive: true });
    new ResizeObserver(() => this.#draw()).observe(element);
    element.addEventListener("click", (event) => {
      const line = event.target.closest("[data-at]");
      if (line) onPick(Number(line.dataset.at));
    });
  }

  get length() {
    return this.#ids.length;
  }

  get at() {
    return this.#at;
  }

  id(at) {
    return this.#ids[at];
  }

  find(id) {
    return this.#ids.indexOf(id);
  }

  /** Show other rows. */
  fill(ids) {
    this.#ids = ids;
    this.#asked.clear();
    this.#at = -1;
    this.#room.style.height = `${ids.length * LINE}px`;
    this.#element.scrollTop = 0;
    this.#draw();
  }

  /** Mark a line as the chosen one and bring it into sight. */
  choose(at) {
    this.#at = at;
    const { scrollTop, clientHeight } = this.#element;
    const top = at * LINE;
    if (top < scrollTop + LINE) this.#element.scrollTop = top - LINE;
    else if (top + 2 * LINE > scrollTop + clientHeight)
      this.#element.scrollTop = top + 2 * LINE - clientHeight;
    this.#draw();
  }

  /** Show a line's new state. */
  update(line) {
    this.#lines.set(line.id, line);
    this.#draw();
  }

  #draw() {
    const first = Math.max(0, Math.floor(this.#element.scrollTop / LINE) - SPARE);
    const count = Math.ceil(this.#element.clientHeight / LINE) + 2 * SPARE;
    const last = Math.min(this.#ids.length, first + count);
    const drawn = [];
    for (let at = first; at < last; at += 1) drawn.push(this.#line(at));
    this.#room.replaceChildren(...drawn);
    if (this.#at >= 0) this.#element.setAttribute("aria-activedescendant", `line-${this.#at}`);
    else this.#element.removeAttribute("aria-activedescendant");
    this.#ask(first, last);
  }

  #line(at) {
    const line = this.#lines.get(this.#ids[at]);
    const element = make("div", { id: `line-${at}`, role: "option", className: "line" });
    element.dataset.at = at;
    element.style.top = `${at * LINE}px`;
    element.ariaSelected = String(at === this.#at);
    element.ariaSetSize = String(this.#ids.length);
    element.ariaPosInSet = String(at + 1);
    if (!line) return element;
    const shown = state(line.review);
    element.classList.add(shown);
    const facts = [words(line.family || line.task), `${number(line.tokens)} tokens`];
    if (line.split !== "train") facts.push(line.split);
    if (line.review.note) facts.push("note");
    element.append(
      make("span", { className: "glyph", title: shown, ariaLabel: shown }, GLYPHS[shown]),
      make("bdi", { className: "question", lang: line.language }, line.snippet),
      make("span", { className: "facts" }, facts.join(" · ")),
    );
    return element;
  }

  /** Ask for lines that are in sight and unknown, whole pages at a time. */
  async #ask(first, last) {
    for (let page = Math.floor(first / PAGE); page * PAGE < last; page += 1) {
      const ids = this.#ids.slice(page * PAGE, (page + 1) * PAGE);
      if (this.#asked.has(page) || ids.every((id) => this.#lines.has(id))) continue;
      this.#asked.add(page);
      try {
        for (const line of await api.lines(ids)) this.#lines.set(line.id, line);
        this.#draw();
      } catch (error) {
        this.#asked.delete(page);
        this.#onError(error);
        return;
      }
    }
  }
}
