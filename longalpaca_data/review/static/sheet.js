// The sheet beside the document: question, answer, evidence, and what is known of the row.

import { difference } from "/difference.js";
import { $, make, number, percent, words } from "/dom.js";
import { GLYPHS, state } from "/list.js";

const NAMES = { question: "Question", output: "Answer" };
const KEYS = Object.keys(NAMES);
const LONG = 300; // characters: bold type is for questions of a few lines

export class Sheet {
  #element = $("#sheet");
  #row = null;
  #drafts = new Map(); // texts that were left unsaved, by row
  #on;

  /** on: {save(change), piece(number), drawn(), leave()} */
  constructor(on) {
    this.#on = on;
    addEventListener("beforeunload", (event) => {
      if (this.#keepDraft() || this.#drafts.size) event.preventDefault();
    });
  }

  /** Show a row. */
  show(row) {
    this.#keepDraft();
    this.#row = row;
    this.#draw();
    this.#element.scrollTop = 0;
  }

  /** Show that there is none. */
  empty(text) {
    this.#keepDraft();
    this.#row = null;
    this.#element.replaceChildren(make("p", { className: "empty" }, text));
  }

  /** Turn question and answer into text fields. */
  edit() {
    const draft = this.#drafts.get(this.#row.id) ?? {};
    const fields = KEYS.map((key) => {
      const { original, edit } = this.#row.texts[key];
      const field = make("textarea", { name: key, value: draft[key] ?? edit ?? original });
      field.lang = this.#row.language;
      field.dir = "auto";
      return make("label", {}, NAMES[key], field);
    });
    const restore = make("button", { type: "button", className: "plain" }, "Put the original back");
    restore.addEventListener("click", () => {
      for (const key of KEYS) form.elements[key].value = this.#row.texts[key].original;
      form.elements.question.focus();
    });
    const form = this.#form("edit", fields, restore, () => this.#typed(form));
    this.#draw(form);
    form.elements.question.focus();
  }

  /** Open the note's field. */
  note() {
    const field = make("textarea", { name: "note", value: this.#row.review.note, rows: 3 });
    field.dir = "auto";
    const label = make("label", {}, "Note", field);
    const form = this.#form("note", [label], "", () => ({ note: field.value.trim() }));
    this.#draw(null, form);
    form.scrollIntoView({ block: "nearest" });
    field.focus();
  }

  #form(name, fields, more, change) {
    const save = make("button", { className: "save" }, "Save ", make("kbd", {}, "Ctrl Enter"));
    const leave = make("button", { type: "button" }, "Leave ", make("kbd", {}, "Esc"));
    const form = make("form", { className: name }, ...fields, make("div", {}, save, leave, more));
    const close = () => {
      this.#keepDraft();
      this.#draw();
      this.#on.leave();
    };
    leave.addEventListener("click", close);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const row = this.#row;
      save.disabled = true;
      const saved = await this.#on.save(change());
      save.disabled = false;
      if (!saved) return; // the texts stay as they were typed
      this.#drafts.delete(row.id);
      if (this.#row === row) {
        this.#draw();
        this.#on.leave();
      }
    });
    form.addEventListener("keydown", (event) => {
      if (event.isComposing) return;
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
      else if (event.key === "Escape") close();
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    return form;
  }

  /** What was typed in the edit form, as a change. */
  #typed(form) {
    return Object.fromEntries(KEYS.map((key) => [key, form.elements[key].value]));
  }

  /** Keep what stands unsaved in an open edit form. Says whether there is such a thing. */
  #keepDraft() {
    const form = $("form.edit", this.#element);
    if (!form || !this.#row) return false;
    const typed = this.#typed(form);
    const changed = KEYS.some((key) => {
      const { original, edit } = this.#row.texts[key];
      return typed[key] !== (edit ?? original);
    });
    if (changed) this.#drafts.set(this.#row.id, typed);
    else this.#drafts.delete(this.#row.id);
    return changed;
  }

  #draw(edit = null, note = null) {
    const row = this.#row;
    this.#element.lang = "en";
    this.#element.replaceChildren(
      this.#head(row),
      ...(edit ? [edit] : KEYS.map((key) => this.#text(key))),
      ...(row.input ? [card("Input", plain(row.input, row.language))] : []),
      ...this.#noteParts(note),
      ...this.#evidence(),
      this.#facts(),
    );
    this.#on.drawn();
  }

  #head(row) {
    const shown = state(row.review);
    const name = row.review.decision === "accept" && shown === "edited" ? "edited, accepted" : shown;
    const badge = make("span", { className: `badge ${shown}` }, `${GLYPHS[shown]} ${name}`.trim());
    const kind = make("span", { className: "kind" }, words(row.task));
    if (row.family && row.family !== row.task) kind.append(` · ${words(row.family)}`);
    return make("div", { className: "head" }, badge, kind);
  }

  #text(key) {
    const { original, edit } = this.#row.texts[key];
    if (edit === null) {
      const text = plain(original, this.#row.language);
      if (original.length > LONG) text.classList.add("long");
      return card(NAMES[key], text, key);
    }
    const [before, after] = difference(original, edit);
    return card(
      `${NAMES[key]}, edited`,
      marked(after, "ins", this.#row.language),
      key,
      make("h3", {}, "Original"),
      marked(before, "del", this.#row.language),
    );
  }

  #noteParts(form) {
    const parts = [];
    if (this.#drafts.has(this.#row.id))
      parts.push(make("p", { className: "draft" }, "An unsaved edit of this row is kept: press e."));
    if (form) parts.push(form);
    else if (this.#row.review.note) parts.push(card("Note", plain(this.#row.review.note), "note"));
    return parts;
  }

  #evidence() {
    const pieces = this.#row.evidence;
    if (!pieces.length) return [];
    const list = make("ol", { className: "evidence" });
    for (const [at, piece] of pieces.entries()) {
      const depth = piece.depth == null ? "" : percent(piece.depth);
      const button = make(
        "button",
        { type: "button", title: "Show it in the document" },
        make("span", { className: "depth" }, depth),
        plain(piece.quote, this.#row.language),
      );
      if (!piece.exact)
        button.append(make("em", {}, "The document doesn't say this at the place that is given."));
      button.addEventListener("click", () => this.#on.piece(at));
      list.append(make("li", {}, button));
    }
    return [card("Evidence", list)];
  }

  #facts() {
    const row = this.#row;
    const scores = Object.entries(row.scores).map(([name, value]) => `${name} ${+value.toFixed(3)}`);
    const facts = {
      Titles: row.titles.join("; "),
      File: row.file,
      Licences: [...new Set(row.licences)].filter(Boolean).join("; "),
      Length: `${number(row.tokens)} tokens`,
      Language: row.language,
      Scores: scores.join(", "),
      Generator: row.generator,
      Split: row.split,
      Id: row.id,
    };
    const list = make("dl", { className: "facts" });
    for (const [name, value] of Object.entries(facts))
      if (value) list.append(make("dt", {}, name), make("dd", {}, make("bdi", {}, value)));
    return list;
  }
}

function card(title, content, name = "", ...more) {
  const box = make("section", { className: "card" }, make("h2", {}, title), content, ...more);
  if (name) box.dataset.text = name;
  return box;
}

const plain = (text, language = "") =>
  make("div", { className: "text", lang: language, dir: "auto" }, text);

function marked(parts, tag, language) {
  const box = plain("", language);
  for (const { text, changed } of parts) box.append(changed ? make(tag, {}, text) : text);
  return box;
}
