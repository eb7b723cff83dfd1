// The page: what a key or a click does.

import * as api from "/api.js";
import { $, make, number, percent } from "/dom.js";
import { Filters } from "/filters.js";
import { KEYS, meant, shown } from "/keys.js";
import { RowList, state } from "/list.js";
import { Reader } from "/reader.js";
import { Sheet } from "/sheet.js";

const list = new RowList($("#list"), { onPick: (at) => open(at), onError: complain });
const reader = new Reader();
const sheet = new Sheet({
  save: (change) => decide(change, "note" in change ? "note kept" : "edit kept"),
  piece: (at) => reader.go(at),
  drawn: () => reader.tell(),
  leave: () => $("#list").focus({ preventScroll: true }),
});
const done = []; // what can be undone: {id, before}
const ahead = new Map(); // rows fetched before they are asked for, as promises

let filters;
let order = ""; // of the list as it stands
let row = null; // the one that is shown
let wanted = ""; // the id of the one that is chosen: an answer about another comes too late
let shownAt = 0; // when a row was chosen last
let loading = Promise.resolve(); // until the chosen row is the one that is shown
let queue = Promise.resolve(); // what was asked for by keys and clicks, one thing after the other
let opening = false; // while a field is about to take the keys

const HASTE = 70; // milliseconds: rows that are passed faster aren't fetched
const pause = (time) => new Promise((resolve) => setTimeout(resolve, time));

const actions = {
  accept: () => decide({ decision: "accept" }, "accepted", 1),
  reject: () => decide({ decision: "reject" }, "rejected", 1),
  clear: () => decide({ decision: "" }, "undecided again"),
  edit: async () => (await chosen()) && sheet.edit(),
  note: async () => (await chosen()) && sheet.note(),
  undo,
  next: () => move(1),
  previous: () => move(-1),
  after: () => reader.next(),
  before: () => reader.previous(),
  down: () => reader.page(1),
  up: () => reader.page(-1),
  undecided: nextUndecided,
  search: () => (drawer(true), filters.search()),
  filter: () => (drawer(true), $("[name=state]").focus()),
  refresh: () => find(),
  help: () => $("#keys").showModal(),
};

/** Do something once all that was asked for before is done: no key hits another row. */
function act(name, writes = false) {
  if (opening) return;
  opening = writes;
  queue = queue
    .then(() => actions[name]())
    .catch(complain)
    .finally(() => {
      if (writes) opening = false;
    });
}

/** Wait for the chosen row; return it, or nothing if it can't be shown. */
async function chosen() {
  await loading;
  return row && row.id === wanted ? row : null;
}

/** Show the rows that the filters ask for; the row in sight stays if it is among them. */
async function find(id = row?.id) {
  const values = filters.values;
  let found;
  try {
    found = await api.select(values);
  } catch (error) {
    return complain(error);
  }
  if (JSON.stringify(values) !== JSON.stringify(filters.values)) return; // asked anew meanwhile
  filters.count(found.facets);
  list.fill(found.ids);
  count(found.progress);
  $("#found span").textContent = `${number(found.ids.length)} ${found.ids.length === 1 ? "row" : "rows"}`;
  $("#clear").hidden = !filters.any;
  const reordered = order && order !== (values.order ?? "file");
  order = values.order ?? "file";
  if (!found.ids.length) return nothing();
  open(reordered ? 0 : Math.max(0, list.find(id)));
}

function nothing() {
  row = null;
  wanted = "";
  sheet.empty("No row is like that. Clear the filters, or search for something else.");
  reader.show("", [], "");
  title();
  keep();
}

/** Choose the row at a place of the list; it is shown as soon as it is here. */
function open(at) {
  list.choose(at);
  show(list.id(at), list.id(at + 1));
}

function show(id, next) {
  wanted = id;
  drawer(false);
  keep(id);
  loading = load(id).then(() => wanted === id && fetchAhead(next));
}

async function load(id) {
  const now = performance.now();
  const hasty = now - shownAt < HASTE;
  shownAt = now;
  if (hasty) await pause(HASTE);
  if (wanted !== id) return;
  let found;
  try {
    found = await (ahead.get(id) ?? api.row(id));
  } catch (error) {
    return complain(error);
  } finally {
    ahead.delete(id);
  }
  if (wanted !== id) return;
  row = found;
  list.update(row);
  sheet.show(row);
  reader.show(row.material, row.evidence, row.language);
  title();
}

function fetchAhead(id) {
  if (!id || ahead.has(id)) return;
  ahead.clear(); // one row is enough: megabytes may hang on it
  const promise = api.row(id);
  promise.catch(() => ahead.delete(id));
  ahead.set(id, promise);
}

function move(step) {
  const at = list.at + step;
  if (at < 0 || at >= list.length) return say(step > 0 ? "the last row" : "the first row");
  say("");
  return open(at);
}

async function nextUndecided() {
  for (let at = list.at + 1; at < list.length; at += 200) {
    const ids = [];
    for (let i = at; i < Math.min(list.length, at + 200); i += 1) ids.push(list.id(i));
    const lines = await api.lines(ids).catch(complain);
    const found = lines?.find(({ review }) => state(review) === "undecided");
    if (found) return open(list.find(found.id));
    if (!lines) return undefined;
  }
  return say("no undecided row below");
}

/** Send a change of the chosen row; what is shown as saved is on disk. Says whether it is. */
async function decide(change, saying, step = 0) {
  const subject = await chosen();
  if (!subject) return false;
  const { id, review } = subject;
  const before = Object.fromEntries(Object.keys(change).map((key) => [key, review[key]]));
  if (!(await write({ id, ...change }))) return false;
  done.push({ id, before });
  if (step && wanted === id) move(step);
  say(`${saying} · saved in review.jsonl`);
  return true;
}

async function undo() {
  const last = done.pop();
  if (!last) return say("nothing to undo");
  if (wanted !== last.id) {
    const at = list.find(last.id);
    if (at >= 0) open(at);
    else show(last.id);
    await loading;
  }
  if (await write({ id: last.id, ...last.before })) say("undone");
  else done.push(last);
}

/** Send a change and show it as saved once it is. Says whether it is. */
async function write(change) {
  say("saving …");
  try {
    const { line, progress } = await api.decide(change);
    $("#banner").hidden = true;
    count(progress);
    list.update(line);
    ahead.delete(line.id);
    if (row?.id === line.id) {
      row.review = line.review;
      for (const key of ["question", "output"]) row.texts[key].edit = line.review[key];
      sheet.show(row);
    }
    return true;
  } catch (error) {
    say("");
    complain(error, "Not saved");
    return false;
  }
}

function count(progress) {
  const { rows, undecided, accepted, rejected, edited, elsewhere } = progress;
  const decided = rows - undecided;
  const counts = `${number(decided)} of ${number(rows)} decided`;
  $("#counts").textContent = counts;
  const parts = { accepted, edited: Math.max(0, decided - accepted - rejected), rejected };
  for (const [name, value] of Object.entries(parts))
    $(`#bar .${name}`).style.width = `${(100 * value) / rows}%`;
  $("#bar").ariaLabel = $("#bar").title =
    `${counts} (${percent(decided / rows)}): ${accepted} accepted, ${rejected} rejected, ${edited} edited`;
  $("#elsewhere").textContent = elsewhere
    ? `${number(elsewhere)} decisions are about rows that the set doesn't hold any more.`
    : "";
}

function title() {
  $("#title").textContent = row ? row.titles.join("; ") || "A short row, without a document" : "";
  $("#file").textContent = row?.file ?? "";
  $("#where > div").title = `${$("#title").textContent}  ${$("#file").textContent}`.trim();
  document.body.classList.toggle("short", Boolean(row) && !row.material.trim());
}

function keep(id = "") {
  api.remember({ ...filters.values, row: id });
}

function say(text) {
  $("#said").textContent = text;
}

function complain(error, what = "") {
  $("#banner span").textContent = what ? `${what}: ${error.message}` : error.message;
  $("#banner").hidden = false;
}

function drawer(open) {
  document.body.classList.toggle("drawer", open);
  $("#drawer").ariaExpanded = String(open);
}

function wire() {
  document.addEventListener("keydown", (event) => {
    const key = meant(event);
    if (key) {
      event.preventDefault();
      act(key.does, key.writes);
    } else if (event.key === "Escape" && event.target.closest("#side")) {
      drawer(false);
      $("#list").focus({ preventScroll: true });
    } else if (event.key === "Enter" && event.target.closest("#filters")) {
      filters.hurry();
      $("#list").focus({ preventScroll: true });
    }
  });
  for (const button of document.querySelectorAll("[data-does]"))
    button.addEventListener("click", () => act(button.dataset.does));
  $("#before").addEventListener("click", () => act("before"));
  $("#after").addEventListener("click", () => act("after"));
  $("#help").addEventListener("click", () => act("help"));
  $("#apply").addEventListener("click", () => $("#applying").showModal());
  $("#drawer").addEventListener("click", () => drawer(!document.body.classList.contains("drawer")));
  for (const pane of ["#reader", "#editor"]) $(pane).addEventListener("click", () => drawer(false));
  $("#banner button").addEventListener("click", () => ($("#banner").hidden = true));
  $("#clear").addEventListener("click", () => (filters.clear(), act("refresh")));
  for (const { keys, says } of KEYS) {
    const names = keys.flatMap((key, at) => [at ? " " : "", make("kbd", {}, shown(key))]);
    $("#keys dl").append(make("dt", {}, ...names), make("dd", {}, says));
  }
}

async function start() {
  let about;
  try {
    about = await api.about();
  } catch (error) {
    return complain(error);
  }
  document.title = `${about.name} · review`;
  $("#name").textContent = about.name;
  $("#name").title = about.folder;
  $("#journal").textContent = `${about.folder}/review.jsonl`;
  $("#command").textContent = about.command;
  const given = api.remembered();
  filters = new Filters(about, given, () => act("refresh"));
  wire();
  await find(given.row);
  $("#list").focus({ preventScroll: true });
}

await start();
