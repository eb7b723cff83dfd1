// The filters above the list, with the number of rows that each choice would give.

import { $, make, number, words } from "/dom.js";

const FACETS = ["state", "task", "family", "language", "split"];
const PATIENCE = 200; // milliseconds without a key before a search is made

export class Filters {
  #form = $("#filters");
  #timer = 0;
  #onChange;

  constructor(about, given, onChange) {
    this.#onChange = onChange;
    for (const [at, name] of ["tokens_min", "tokens_max"].entries())
      this.#form.elements[name].placeholder = number(about.tokens[at]);
    const scores = Object.keys(about.scores);
    this.#form.elements.score.append(...scores.map((name) => make("option", { value: name }, words(name))));
    $("fieldset:has([name=score])", this.#form).hidden = !scores.length;
    for (const option of this.#form.elements.order.options)
      if (["best", "worst"].includes(option.value)) option.hidden = !scores.length;
    for (const field of this.#fields())
      if (field.name in given) {
        // A facet's values come with the first answer; the one asked for has to stand there before.
        if (FACETS.includes(field.name)) field.append(make("option", { value: given[field.name] }));
        field.value = given[field.name];
      }
    if (["tokens_min", "tokens_max", "score_min", "score_max", "order"].some((name) => name in given))
      $("details", this.#form).open = true;
    const ranges = () => {
      const range = about.scores[this.#form.elements.score.value] ?? ["", ""];
      for (const [at, name] of ["score_min", "score_max"].entries())
        this.#form.elements[name].placeholder = String(+Number(range[at]).toFixed(3));
    };
    ranges();
    this.#form.addEventListener("submit", (event) => event.preventDefault());
    this.#form.addEventListener("input", (event) => {
      ranges();
      clearTimeout(this.#timer);
      const typing = event.target.tagName === "INPUT";
      this.#timer = setTimeout(() => this.hurry(), typing ? PATIENCE : 0);
    });
  }

  /** What is asked for, without what is left as it is by default. */
  get values() {
    const values = {};
    for (const { name, value, validity } of this.#fields())
      if (value && validity.valid && !(name === "order" && value === "file")) values[name] = value;
    const asked = values.score_min || values.score_max || ["best", "worst"].includes(values.order);
    if (!asked) delete values.score;
    return values;
  }

  get any() {
    return Object.keys(this.values).some((name) => name !== "order" && name !== "score");
  }

  clear() {
    this.#form.reset();
    for (const name of FACETS) this.#form.elements[name].value = "";
  }

  /** Don't wait for more keys. */
  hurry() {
    if (this.#timer) this.#onChange();
    clearTimeout(this.#timer);
    this.#timer = 0;
  }

  search() {
    this.#form.elements.words.select();
    this.#form.elements.words.focus();
  }

  /** Show what each value of each facet would give; those that give nothing are left out. */
  count(facets) {
    for (const name of FACETS) {
      const select = this.#form.elements[name];
      const chosen = select.value;
      const given = Object.entries(facets[name]);
      if (name !== "state") given.sort(([, a], [, b]) => b - a);
      const all = make("option", { value: "" }, "all");
      const options = given
        .filter(([value, count]) => count || value === chosen)
        .map(([value, count]) => make("option", { value }, `${words(value) || "none"} · ${number(count)}`));
      if (chosen && !given.some(([value]) => value === chosen))
        options.push(make("option", { value: chosen }, `${words(chosen)} · 0`));
      select.replaceChildren(all, ...options);
      select.value = chosen;
      const optional = select.closest("[data-optional]");
      if (optional) optional.hidden = given.length < 2 && !chosen;
    }
  }

  #fields() {
    return [...this.#form.elements].filter((field) => field.name);
  }
}
