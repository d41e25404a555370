"use strict";
const $ = id => document.getElementById(id);
const sheets = [...document.querySelectorAll("script.sheet")].map(one => JSON.parse(one.textContent));
const stage = $("stage"), range = $("divide"), sides = ["left", "right"];
const panes = Object.fromEntries(sides.map(side => [side, $("pane-" + side)]));
const state = { page: -1, left: 0, right: 0, zoom: 1, x: 0, y: 0, two: false, now: -1 };
let sheet = sheets[0], differences = [], usual = 1; // the median height of a word, in px of the sheet

// The divider clips the left pane; in two views nothing is clipped.
const divide = divider(range, panes.left, $("handle"));
const clip = () => { divide(); if (state.two) panes.left.style.clipPath = "none"; };

const size = () => ({ width: panes.right.clientWidth, height: panes.right.clientHeight });
const fitting = () => Math.min(size().width / sheet.width, size().height / sheet.height);
const least = () => Math.min(1, fitting());
const clamp = (value, low, high) => Math.max(low, Math.min(high, value));

// x and y are the point of the sheet, in its px, that is in the middle of each pane.
function draw() {
  const { width, height } = size();
  state.zoom = clamp(state.zoom, least(), 8);
  const middle = (place, whole, seen) => seen >= whole * state.zoom ? whole / 2 : clamp(place, seen / 2 / state.zoom, whole - seen / 2 / state.zoom);
  state.x = middle(state.x, sheet.width, width);
  state.y = middle(state.y, sheet.height, height);
  for (const side of sides) {
    const paper = panes[side].querySelector(".sheet"), image = paper.querySelector("img"), variant = sheet.variants[state[side]];
    paper.style.width = sheet.width * state.zoom + "px";
    paper.style.height = sheet.height * state.zoom + "px";
    paper.style.transform = `translate(${width / 2 - state.x * state.zoom}px, ${height / 2 - state.y * state.zoom}px)`;
    image.style.imageRendering = sheet.width * state.zoom >= 2 * variant.width ? "pixelated" : "auto";
  }
  $("zoom").textContent = Math.round(100 * state.zoom) + " %";
  $("zoom-out").disabled = state.zoom <= least();
  $("zoom-in").disabled = state.zoom >= 8;
}

// Zoom so that the point at (x, y) of the pane stays there; by default that is its middle.
function zoomTo(zoom, x = size().width / 2, y = size().height / 2) {
  const { width, height } = size(), before = state.zoom;
  zoom = clamp(zoom, least(), 8);
  state.x += (x - width / 2) * (1 / before - 1 / zoom);
  state.y += (y - height / 2) * (1 / before - 1 / zoom);
  state.zoom = zoom;
  draw();
}
const move = (x, y) => { state.x += x / state.zoom; state.y += y / state.zoom; draw(); };
const fit = () => { state.zoom = least(); draw(); };

function option(select, names, value) {
  select.replaceChildren(...names.map((name, number) => new Option(name, number)));
  select.value = value;
}

function showPage(number) {
  if (!sheets[number] || number === state.page) return;
  const zoom = state.page < 0 ? 0 : state.zoom, chosen = sides.map(side => state.page < 0 ? "" : sheet.variants[state[side]].name);
  state.page = number;
  sheet = sheets[state.page];
  const names = sheet.variants.map(one => one.name), there = chosen.map(name => names.indexOf(name));
  const [left, right] = there.includes(-1) ? [sheet.left, sheet.right] : there; // keep the chosen variants
  Object.assign(state, { left, right });
  for (const side of sides) option($(side), names, state[side]);
  $("page").value = state.page;
  $("page-before").disabled = state.page === 0;
  $("page-after").disabled = state.page === sheets.length - 1;
  state.x = sheet.start[0] * sheet.width;
  state.y = sheet.start[1] * sheet.height;
  state.zoom = zoom || Math.max(size().width / sheet.width, 0.5);
  showSides();
}

function showSides() {
  state.now = -1;
  const words = sheet.variants[state.left].words && sheet.variants[state.right].words;
  const turned = state.left > state.right, key = [state.left, state.right].sort().join("-");
  differences = words ? (sheet.differences[key] ?? []).map(one => turned ? [one[1], one[0]] : one) : [];
  const heights = sides.flatMap(side => sheet.variants[state[side]].words ?? []).map(word => word[4] - word[2]).sort((a, b) => a - b);
  usual = Math.max(1, (heights[heights.length >> 1] ?? 0) * sheet.height);
  for (const side of sides) {
    const variant = sheet.variants[state[side]], source = $(`picture-${state[side]}-of-${sheet.number}`);
    const image = panes[side].querySelector("img");
    image.src = `data:${source.dataset.kind};base64,${source.textContent}`;
    image.alt = `${variant.name}: ${sheet.title}`;
    panes[side].querySelector(".name").textContent = variant.name;
    mark(side);
    if (words) write(side, variant);
  }
  const about = number => [sheet.variants[number].name + ": " + sheet.variants[number].about];
  const lines = [...new Set([state.left, state.right])].flatMap(about).concat(sheet.notes);
  $("about").replaceChildren(...lines.map(line => Object.assign(document.createElement("p"), { textContent: line })));
  $("texts").hidden = $("differences").hidden = !words;
  $("counted").textContent = counts();
  for (const id of ["difference-before", "difference-after"]) $(id).disabled = differences.length === 0;
  $("said").textContent = "";
  draw();
}

// How many words differ and, if there is an original, how many words of each variant differ from it.
function counts() {
  const own = ["The two texts are the same.", "1 word differs."][differences.length] ?? `${differences.length} words differ.`;
  const hr = sheet.variants.findIndex(one => one.name === "HR"), others = sheet.variants.slice(0, hr);
  if (hr < 0 || others.some((_, number) => !sheet.differences[`${number}-${hr}`])) return own;
  return `${own} From what is read in HR: ${others.map((one, number) => `${one.name} ${sheet.differences[`${number}-${hr}`].length}`).join(", ")}.`;
}

// The word to mark over a picture: one that differs, or the other side's word if this side lacks it (dashed).
function place(difference, side) {
  const own = difference[side === "left" ? 0 : 1], other = difference[side === "left" ? 1 : 0];
  const words = sheet.variants[state[side]].words, others = sheet.variants[state[side === "left" ? "right" : "left"]].words;
  return own === null ? { word: others[other], missing: true } : { word: words[own], missing: false };
}

function mark(side) {
  const svg = panes[side].querySelector("svg");
  svg.setAttribute("viewBox", `0 0 ${sheet.width} ${sheet.height}`);
  svg.style.display = $("marks").checked ? "" : "none";
  svg.replaceChildren(...differences.map((difference, number) => {
    const { word: [, left, top, right, bottom], missing } = place(difference, side);
    const rect = document.createElementNS("http://www.w3.org/2000/svg", "rect"), edge = 0.002 * sheet.width;
    rect.setAttribute("x", left * sheet.width - edge);
    rect.setAttribute("y", top * sheet.height - edge);
    rect.setAttribute("width", (right - left) * sheet.width + 2 * edge);
    rect.setAttribute("height", (bottom - top) * sheet.height + 2 * edge);
    rect.dataset.number = number;
    rect.classList.toggle("missing", missing);
    return rect;
  }));
}

function write(side, variant) {
  const numbers = new Map(differences.map((difference, number) => [difference[side === "left" ? 0 : 1], number]));
  const parts = variant.words.flatMap((word, number) => {
    let shown = word[0];
    if (numbers.has(number)) {
      shown = Object.assign(document.createElement("mark"), { textContent: word[0] });
      shown.dataset.number = numbers.get(number);
    }
    return [shown, word[5] ? "\n" : " "];
  });
  $(side + "-name").textContent = variant.name;
  $(side + "-text").replaceChildren(...parts);
  if (!variant.words.length) $(side + "-text").textContent = "(no text was found)";
}

function showDifference(number) {
  if (!differences.length) return;
  state.now = (number + differences.length) % differences.length;
  const difference = differences[state.now], boxes = sides.map(side => place(difference, side).word);
  const [left, top, right, bottom] = [1, 2, 3, 4].map(part => Math[part < 3 ? "min" : "max"](...boxes.map(box => box[part])));
  state.x = (left + right) / 2 * sheet.width;
  state.y = (top + bottom) / 2 * sheet.height;
  state.zoom = clamp(state.zoom, Math.min(2, 20 / usual), Math.max(0.5, 80 / usual));
  for (const one of document.querySelectorAll(".now")) one.classList.remove("now");
  for (const one of document.querySelectorAll(`[data-number="${state.now}"]`)) {
    one.classList.add("now");
    const box = one.closest(".text");
    if (!box) one.parentNode.append(one); // over the others
    else box.scrollTop += one.getBoundingClientRect().top - box.getBoundingClientRect().top - box.clientHeight / 3;
  }
  const said = sides.map((side, at) => difference[at] === null ? "(nothing)" : `“${sheet.variants[state[side]].words[difference[at]][0]}”`);
  $("said").textContent = `Difference ${state.now + 1} of ${differences.length}: ${said[0]} | ${said[1]}`;
  draw();
}

const swap = () => { [state.left, state.right] = [state.right, state.left]; for (const side of sides) $(side).value = state[side]; showSides(); };
function view(two) {
  state.two = two;
  stage.classList.toggle("sides", two);
  $("two").setAttribute("aria-pressed", two);
  clip();
  draw();
}

const on = (id, what, event = "click") => $(id).addEventListener(event, what);
on("page-before", () => showPage(state.page - 1));
on("page-after", () => showPage(state.page + 1));
on("page", event => showPage(+event.target.value), "change");
for (const side of sides) on(side, event => { state[side] = +event.target.value; showSides(); }, "change");
on("swap", swap);
on("two", () => view(!state.two));
on("zoom-in", () => zoomTo(state.zoom * 1.5));
on("zoom-out", () => zoomTo(state.zoom / 1.5));
on("zoom-fit", fit);
on("zoom-whole", () => zoomTo(1));
on("difference-before", () => showDifference(state.now < 0 ? -1 : state.now - 1));
on("difference-after", () => showDifference(state.now + 1));
on("marks", () => sides.forEach(mark), "change");
for (const side of sides) on(side + "-text", event => { const one = event.target.closest("mark"); if (one) showDifference(+one.dataset.number); });

const keys = {
  ArrowLeft: () => move(-60, 0), ArrowRight: () => move(60, 0), ArrowUp: () => move(0, -60), ArrowDown: () => move(0, 60),
  "+": () => zoomTo(state.zoom * 1.5), "=": () => zoomTo(state.zoom * 1.5), "-": () => zoomTo(state.zoom / 1.5), 0: fit, 1: () => zoomTo(1),
  n: () => showDifference(state.now + 1), p: () => showDifference(state.now < 0 ? -1 : state.now - 1), s: swap,
  PageDown: () => showPage(state.page + 1), PageUp: () => showPage(state.page - 1),
};
stage.addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(keys, event.key)) return;
  event.preventDefault();
  keys[event.key]();
});

// Where a pointer is, in px of its pane: both panes show the same place.
function within(event) {
  const pane = state.two && panes.left.contains(event.target) ? panes.left : panes.right, box = pane.getBoundingClientRect();
  return { x: event.clientX - box.left, y: event.clientY - box.top };
}
const held = new Map();
let dividing = null;
stage.addEventListener("pointerdown", event => {
  if (event.button !== 0) return;
  if (event.target === $("handle")) dividing = event.pointerId;
  held.set(event.pointerId, within(event));
  event.target.setPointerCapture(event.pointerId);
  stage.classList.add("held");
});
stage.addEventListener("pointermove", event => {
  if (!held.has(event.pointerId)) return;
  const here = within(event), before = held.get(event.pointerId);
  if (event.pointerId === dividing) {
    range.value = 100 * here.x / size().width;
    clip();
    return;
  }
  const other = [...held].find(([id]) => id !== event.pointerId && id !== dividing)?.[1];
  held.set(event.pointerId, here);
  if (!other) return move(before.x - here.x, before.y - here.y);
  const apart = point => Math.max(1, Math.hypot(point.x - other.x, point.y - other.y));
  move((before.x - here.x) / 2, (before.y - here.y) / 2);
  zoomTo(state.zoom * apart(here) / apart(before), (here.x + other.x) / 2, (here.y + other.y) / 2);
});
for (const name of ["pointerup", "pointercancel"]) stage.addEventListener(name, event => {
  held.delete(event.pointerId);
  if (event.pointerId === dividing) dividing = null;
  if (!held.size) stage.classList.remove("held");
});
stage.addEventListener("wheel", event => {
  if (event.deltaY > 0 && state.zoom <= least() && !event.ctrlKey) return; // the whole sheet is visible: let the page scroll
  event.preventDefault();
  const { x, y } = within(event);
  zoomTo(state.zoom * Math.exp(-clamp(event.deltaY, -100, 100) / (event.ctrlKey ? 100 : 300)), x, y);
}, { passive: false });

option($("page"), sheets.map((one, number) => `${number + 1} of ${sheets.length}: ${one.title}`), 0);
$("pages").hidden = sheets.length === 1;
new ResizeObserver(() => draw()).observe(stage);
showPage(0);
clip();
