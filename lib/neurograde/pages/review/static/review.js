// The page of a review: an image with its grid; every change goes to the server at once, and only then counts as saved.

import { Tiles, centred, markInStrip, rescaled, scaleToFit, showScale, showStrip } from "./picture.js";

const $ = (id) => document.getElementById(id);
const SIDES = ["left", "top", "right", "bottom"];
const GREY = "rgba(58, 65, 78, 0.78)", LINE = "rgba(255, 255, 255, 0.9)", DARK = "rgba(28, 35, 48, 0.55)";

const set = { images: [], reasons: [], reason: "" };
let shown = null;                                 // the image as the server gave it
let cells = { rejected: new Map(), restored: new Set() }; // "row,col" -> reason; "row,col"
let cursor = [0, 0];
let view = { scale: 1, x: 0, y: 0 };              // image pixels to stage pixels
let past = [], future = [];                       // for undo and redo: {cells, margins}
let number = 0;                                   // of the last decision that the store holds
let queue = Promise.resolve();                    // changes are sent in order, one at a time
let unsaved = null;                               // what to send again, until the server has it
let opening = 0;                                  // the newest image that was asked for

const SECONDS_TO_RETRY = 3;
const LEAST_DRAWN = 8;                            // side of a square on the screen that has room for lines, px

async function ask(path, body) {
  const options = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  const answer = await fetch(path, options);
  const data = (answer.headers.get("content-type") || "").includes("json") ? await answer.json() : { error: await answer.text() };
  if (!answer.ok) throw Object.assign(new Error(data.error), { status: answer.status });
  return data;
}

// ---- the image

async function open(place) {
  const turn = ++opening;
  await queue;
  if (unsaved) {
    $("images").value = unsaved.place;
    return say("The last change is not saved yet. This image stays open until it is.");
  }
  say("");
  $("cell").textContent = `Opening ${set.images[place].name} …`;
  let found = null, problem = "";
  try {
    found = await ask(`/api/images/${place}`);
  } catch (error) {
    problem = error.message;
  }
  if (turn !== opening) return; // somebody went on meanwhile
  shown = found;
  $("image").dataset.place = place;
  $("images").value = place;
  $("place").textContent = `${place + 1} of ${set.images.length}`;
  tiles.clear();
  markInStrip($("strip"), place);
  if (!shown) {
    $("name").textContent = set.images[place].name;
    $("belongs").textContent = `${set.images[place].class} · family ${set.images[place].family}`;
    $("image").removeAttribute("src");
    $("image").alt = "";
    past = []; future = [];
    $("cell").textContent = "This image cannot be shown; the others can.";
    say(problem);
    return paint();
  }
  number = shown.number;
  cells = { rejected: new Map(shown.rejected.map((c) => [key(c.row, c.col), c.reason])), restored: new Set(shown.restored.map((c) => key(c.row, c.col))) };
  past = []; future = []; cursor = [0, 0];
  if (shown.tiles) {
    $("stage").classList.remove("opening");
    $("image").removeAttribute("src");
    $("image").alt = "";
    Object.assign($("tiles"), { role: "img", ariaLabel: shown.name });
  } else {
    $("stage").classList.add("opening");             // no picture under another one's grid
    $("image").onload = () => $("stage").classList.remove("opening");
    $("image").onerror = () => say("The picture of this image did not arrive. Open it again.");
    $("image").src = `/api/images/${place}/picture?${shown.sha256}`; // a changed file is another picture, whatever is cached
    $("image").alt = shown.name;
  }
  $("name").textContent = shown.name;
  const scale = shown.um_per_px ? ` · ${Number(shown.um_per_px.toPrecision(4))} µm/px` : "";
  $("belongs").textContent = `${shown.class} · family ${shown.family} · ${shown.width_px} × ${shown.height_px} px${scale}`;
  $("size").value = shown.patch_size_px;
  if (shown.voided) say("This image or its grid has changed since it was reviewed: the earlier decision no longer counts.");
  fit();
  if (place + 1 < set.images.length) fetch(`/api/images/${place + 1}`).catch(() => {}); // so that it is read when its turn comes
}

const place = () => Number($("image").dataset.place || 0);
const key = (row, col) => `${row},${col}`;
const tissue = (row, col) => shown.tissue[row * shown.cols + col];
const isBackground = (row, col) => tissue(row, col) < shown.min_tissue_share;
const isGone = (row, col) => cells.rejected.has(key(row, col)) || (isBackground(row, col) && !cells.restored.has(key(row, col)));

function say(message) {
  $("message").hidden = !message;
  $("message").textContent = message;
}

// ---- a slide: tiles, up to those of its finest level

const tiles = new Tiles($("tiles"), (name) => `/api/images/${place()}/tiles/${name}?${shown.sha256}&${shown.width_px}`, () => say("A part of this slide did not arrive. Open it again.")); // another file or size is another picture

// ---- drawing: the picture is moved by the browser, the grid is drawn over it

const stageBox = () => $("stage").getBoundingClientRect();

function fit() {
  view = centred(stageBox(), shown);
  paint();
}

function zoom(factor, x, y) {
  if (!shown) return;
  const stage = stageBox();
  const scale = Math.min(Math.max(16, shown.finest_px), Math.max(Math.min(0.02, scaleToFit(stage, shown) / 2), view.scale * factor));
  view = rescaled(view, scale, x ?? stage.width / 2, y ?? stage.height / 2);
  paint();
}

let painting = false;
function paint() {
  if (painting) return;
  painting = true;
  requestAnimationFrame(() => { painting = false; draw(); });
}

function draw() {
  const canvas = $("grid"), stage = $("stage").getBoundingClientRect(), dots = devicePixelRatio || 1;
  canvas.width = stage.width * dots;
  canvas.height = stage.height * dots;
  const pen = canvas.getContext("2d");
  pen.scale(dots, dots);
  for (const edge of document.querySelectorAll(".edge")) edge.hidden = !shown;
  for (const control of document.querySelectorAll("#margins input, #size, #whole")) control.disabled = !shown;
  $("scale").hidden = !shown;
  if (!shown) return table({});
  if (shown.tiles) tiles.show(shown, view, stage);
  showScale($("scale"), shown.um_per_px, view.scale);
  $("image").style.transform = `translate(${view.x}px, ${view.y}px) scale(${view.scale})`;
  const size = shown.patch_size_px * view.scale, { left, top, right, bottom } = shown.margins_px;
  const [x0, y0] = [view.x + left * view.scale, view.y + top * view.scale];
  if (size < LEAST_DRAWN) drawMosaic(pen, x0, y0, size);
  else drawCells(pen, stage, x0, y0, size);
  const [row, col] = cursor;
  if (shown.rows && shown.cols) {
    pen.lineWidth = 6; pen.strokeStyle = "#fff"; pen.strokeRect(x0 + col * size, y0 + row * size, size, size);
    pen.lineWidth = 3; pen.strokeStyle = "#c1121f"; pen.strokeRect(x0 + col * size, y0 + row * size, size, size);
  }
  const [w, h] = [shown.width_px * view.scale, shown.height_px * view.scale];
  pen.fillStyle = "rgba(28, 35, 48, 0.45)";        // the pre-crop
  pen.fillRect(view.x, view.y, w, top * view.scale);
  pen.fillRect(view.x, view.y + h - bottom * view.scale, w, bottom * view.scale);
  pen.fillRect(view.x, view.y + top * view.scale, left * view.scale, h - (top + bottom) * view.scale);
  pen.fillRect(view.x + w - right * view.scale, view.y + top * view.scale, right * view.scale, h - (top + bottom) * view.scale);
  const edges = { left: [x0, view.y], right: [view.x + w - right * view.scale, view.y], top: [view.x, y0], bottom: [view.x, view.y + h - bottom * view.scale] };
  for (const edge of document.querySelectorAll(".edge")) {
    const [x, y] = edges[edge.dataset.side], upright = edge.dataset.side === "left" || edge.dataset.side === "right";
    Object.assign(edge.style, { left: `${x}px`, top: `${y}px`, [upright ? "height" : "width"]: `${upright ? h : w}px` });
  }
  describe();
}

function drawCells(pen, stage, x0, y0, size) {
  const [firstRow, firstCol] = [y0, x0].map((start) => Math.max(0, Math.floor(-start / size))); // of a slide only those in sight
  const lastRow = Math.min(shown.rows - 1, Math.floor((stage.height - y0) / size)), lastCol = Math.min(shown.cols - 1, Math.floor((stage.width - x0) / size));
  for (let row = firstRow; row <= lastRow; row++) for (let col = firstCol; col <= lastCol; col++) {
    drawCell(pen, row, col, x0 + col * size, y0 + row * size, size);
  }
}

// Cells too small for lines: a pixel each, made as large as they are.
function drawMosaic(pen, x0, y0, size) {
  if (!shown.rows || !shown.cols) return;
  const small = new OffscreenCanvas(shown.cols, shown.rows), ink = small.getContext("2d"), image = ink.createImageData(shown.cols, shown.rows);
  const put = (cell, colour) => { const [row, col] = cell.split(",").map(Number); image.data.set(colour, 4 * (row * shown.cols + col)); };
  shown.tissue.forEach((share, place) => share < shown.min_tissue_share && image.data.set([211, 216, 225, 184], 4 * place));
  for (const cell of cells.restored) put(cell, [29, 79, 145, 90]);
  for (const cell of cells.rejected.keys()) put(cell, [58, 65, 78, 199]);
  ink.putImageData(image, 0, 0);
  pen.imageSmoothingEnabled = false;
  pen.drawImage(small, x0, y0, shown.cols * size, shown.rows * size);
}

function drawCell(pen, row, col, x, y, size) {
  const rejected = cells.rejected.has(key(row, col)), background = isBackground(row, col), gone = isGone(row, col);
  if (gone) {
    pen.fillStyle = rejected ? GREY : "rgba(211, 216, 225, 0.72)";
    pen.fillRect(x, y, size, size);
    pen.strokeStyle = rejected ? LINE : "rgba(91, 100, 117, 0.55)";
    pen.lineWidth = 1;
    pen.beginPath(); pen.moveTo(x, y + size); pen.lineTo(x + size, y);
    pen.stroke();
  } else if (background) {
    pen.strokeStyle = "#1d4f91"; pen.lineWidth = 4;
    pen.strokeRect(x + 3, y + 3, size - 6, size - 6);
  }
  pen.lineWidth = 2.5; pen.strokeStyle = DARK; pen.strokeRect(x, y, size, size);
  pen.lineWidth = 1; pen.strokeStyle = LINE; pen.strokeRect(x, y, size, size);
  const reason = cells.rejected.get(key(row, col));
  if (reason && size > 34) {
    pen.font = "600 12px system-ui, sans-serif"; pen.fillStyle = "#fff"; pen.textAlign = "center";
    pen.fillText(reason, x + size / 2, y + size / 2 + 4, size - 6);
  }
  if (background && size > 34) {
    pen.font = "600 12px system-ui, sans-serif"; pen.fillStyle = "#1c2330"; pen.textAlign = "center";
    pen.fillText(`${Math.round(100 * tissue(row, col))} %`, x + size / 2, y + size / 2 + 4);
  }
}

function describe() {
  const [row, col] = cursor;
  if (!shown.rows || !shown.cols) {
    $("cell").textContent = "No whole square fits into this image: all of it is border.";
  } else {
    const reason = cells.rejected.get(key(row, col));
    const state = reason ? `greyed: ${reason}` : isGone(row, col) ? "background" : isBackground(row, col) ? "background, restored" : "kept";
    $("cell").textContent = `Row ${row + 1}, column ${col + 1}: ${state}, ${Math.round(100 * tissue(row, col))} % tissue.`;
  }
  const area = shown.patch_size_px ** 2, total = shown.width_px * shown.height_px;
  if (shown.counted !== shown.tissue) {              // once a grid: a slide has many squares
    shown.counted = shown.tissue;
    shown.background = shown.tissue.filter((share) => share < shown.min_tissue_share).length;
  }
  const background = shown.background - cells.restored.size;
  const own = { labels: (cells.rejected.size * area) / total, background: (background * area) / total, borders: shown.shares.borders, precrop: shown.shares.precrop };
  own.lost = own.labels + own.background + own.borders + own.precrop;
  own.kept = 1 - own.lost;
  table(own);
}

// ---- what a reviewer does

const isTrial = () => Number($("size").value) !== set.patchSize;

function toggle(row, col, grey) {
  const cell = key(row, col);
  if (isBackground(row, col)) grey ? cells.restored.delete(cell) : cells.restored.add(cell);
  else grey ? cells.rejected.set(cell, set.reason) : cells.rejected.delete(cell);
}

const snapshot = () => ({ rejected: new Map(cells.rejected), restored: new Set(cells.restored), margins: { ...shown.margins_px } });

function change(act) {
  if (!shown || isTrial()) return;
  past.push(snapshot());
  future = [];
  act();
  save(false);
}

async function go(from, to) {
  if (!from.length || !shown || isTrial()) return;
  to.push(snapshot());
  const { rejected, restored, margins } = from.pop();
  if (SIDES.some((side) => margins[side] !== shown.margins_px[side])) await regrid(shown.patch_size_px, margins);
  cells = { rejected, restored };
  save(false);
}

function save(finished) {
  $("hint").hidden = true;
  paint();
  const coordinates = (cell) => cell.split(",").map(Number);
  const body = {
    margins_px: shown.margins_px,
    rejected: [...cells.rejected].map(([cell, reason]) => ({ row: coordinates(cell)[0], col: coordinates(cell)[1], reason })),
    restored: [...cells.restored].map((cell) => ({ row: coordinates(cell)[0], col: coordinates(cell)[1] })),
    finished,
  };
  unsaved = { place: place(), body };
  return send();
}

// Send what is not saved yet; it holds the whole decision, so that what comes later takes the place of what failed.
function send() {
  tell("saving …");
  queue = queue.then(async () => {
    const sent = unsaved;
    if (!sent) return;
    try {
      const progress = await ask(`/api/images/${sent.place}/decision`, { ...sent.body, number: number + 1 });
      number += 1;
      if (unsaved === sent) { unsaved = null; tell("saved"); }
      showProgress(progress);
    } catch (error) {
      tell(`not saved: ${error.message}`, true);
      if (error.status === 409) {
        unsaved = null;
        setTimeout(() => open(sent.place).then(() => say(error.message)));
      } else setTimeout(() => unsaved === sent && send(), 1000 * SECONDS_TO_RETRY);
    }
  });
  return queue;
}

addEventListener("beforeunload", (event) => unsaved && event.preventDefault());

function tell(message, failed = false) {
  $("saved").textContent = message;
  $("saved").classList.toggle("failed", failed);
}

async function regrid(size, margins) {
  const query = new URLSearchParams({ patch_size_px: size, ...margins }), here = place();
  try {
    const other = await ask(`/api/images/${here}?${query}`);
    if (here !== place() || Number($("size").value) !== size) return; // another one is asked for by now
    for (const name of ["patch_size_px", "margins_px", "rows", "cols", "tissue", "shares"]) shown[name] = other[name];
    cells = { rejected: new Map(), restored: new Set() };
    cursor = [0, 0];
    say("");
  } catch (error) {
    say(error.message);
  }
  paint();
}

async function setMargins(margins) {
  if (isTrial() || SIDES.every((side) => margins[side] === shown.margins_px[side])) return;
  const before = snapshot();
  await regrid(shown.patch_size_px, margins);
  past.push(before);
  future = [];
  save(false);
}

async function step(by) {
  if (by > 0 && shown && !isTrial()) await save(true);
  if (unsaved) return say("The last change is not saved yet. This image stays open until it is.");
  const next = place() + by;
  if (next >= 0 && next < set.images.length) await open(next);
  else if (by > 0) $("finish").focus();
}

// ---- beside the image

const percent = (share) => `${(100 * share).toFixed(2)} %`;

function table(own) {
  const rows = [["kept", "kept"], ["labels", "labels"], ["background", "background"], ["borders", "borders"], ["pre-crop", "precrop"], ["lost in all", "lost"]];
  $("losses").replaceChildren(...rows.map(([title, name]) => {
    const row = document.createElement("tr");
    row.className = name === "lost" ? "total" : "";
    const head = Object.assign(document.createElement("th"), { scope: "row", textContent: title });
    row.append(head, ...[own[name], set.shares?.[name]].map((share) => Object.assign(document.createElement("td"), { textContent: share === undefined ? "–" : percent(share) })));
    return row;
  }));
  for (const input of document.querySelectorAll("#margins input")) if (document.activeElement !== input) input.value = shown?.margins_px[input.dataset.side] ?? "";
  $("undo").disabled = !past.length;
  $("redo").disabled = !future.length;
  $("what-if").textContent = shown && isTrial()
    ? `Shown, not saved: ${shown.rows * shown.cols} squares of ${shown.patch_size_px} px. Set patch_size_px: ${shown.patch_size_px} in the specs of review and patch to adopt it; decisions on ${set.patchSize} px then no longer count.`
    : "Another size is shown, not saved: it belongs in the specs of review and patch.";
}

function showProgress(progress) {
  Object.assign(set, { images: progress.images, shares: progress.account.images ? progress.account.shares : null });
  const finished = progress.images.filter((each) => each.state === "finished").length;
  const bars = [["all", { images: progress.images.length, finished }], ...Object.entries(progress.classes)];
  $("classes").replaceChildren(...bars.flatMap(([name, count]) => {
    const line = document.createElement("div"), bar = document.createElement("progress");
    line.append(Object.assign(document.createElement("span"), { textContent: name }), Object.assign(document.createElement("span"), { textContent: `${count.finished} of ${count.images}` }));
    Object.assign(bar, { max: count.images, value: count.finished, ariaLabel: `${name}: ${count.finished} of ${count.images} images finished` });
    return [line, bar];
  }));
  const marks = { finished: "✓ ", begun: "… ", open: "", void: "! " }, chosen = $("images").value;
  $("images").replaceChildren(...progress.images.map((each, i) => Object.assign(document.createElement("option"), { value: i, textContent: marks[each.state] + each.name })));
  $("images").value = chosen || 0;
  paint();
}

async function finish() {
  await queue;
  const progress = await ask("/api/finish", {});
  showProgress(progress);
  const open = progress.images.filter((each) => each.state !== "finished").length;
  const voided = progress.images.filter((each) => each.state === "void").length;
  const lines = [open ? `${open} of ${progress.images.length} images are not finished yet.` : "Every image is finished.", progress.sentence];
  if (voided) lines.push(`The decisions on ${voided} of them no longer count: image or grid has changed since (marked ! in the list).`);
  for (const each of progress.agreement) {
    const kappa = each.kappa === null ? "not defined (no difference is possible)" : each.kappa.toFixed(2);
    lines.push(`Agreement of ${each.reviewers.join(" and ")}: Cohen's kappa ${kappa} over ${each.cells} squares of ${each.images} images.`);
  }
  const next = progress.next.flatMap((step) => [step.text, Object.assign(document.createElement("code"), { textContent: step.code })]);
  $("end").replaceChildren(...lines.map((text) => Object.assign(document.createElement("p"), { textContent: text })), ...next);
  $("end").hidden = false;
  $("end").scrollIntoView({ block: "nearest" });
}

// ---- hands and keys

const at = (event) => {
  const stage = $("stage").getBoundingClientRect();
  return [event.clientX - stage.left, event.clientY - stage.top];
};

function cellAt(event) {
  const [x, y] = at(event), size = shown.patch_size_px * view.scale;
  const col = Math.floor((x - view.x - shown.margins_px.left * view.scale) / size), row = Math.floor((y - view.y - shown.margins_px.top * view.scale) / size);
  return row >= 0 && col >= 0 && row < shown.rows && col < shown.cols ? [row, col] : null;
}

$("stage").addEventListener("pointerdown", (event) => {
  if (!shown || event.target.closest("button")) return;
  $("stage").focus();
  $("stage").setPointerCapture(event.pointerId);
  if (event.target.classList.contains("edge")) return dragEdge(event.target.dataset.side);
  if (event.shiftKey || event.button === 1) return dragView(event);
  const cell = cellAt(event);
  if (!cell || event.button || isTrial()) return;
  const grey = !isGone(...cell), before = snapshot();
  const paintTo = (where) => { cursor = where; if (isGone(...where) !== grey) toggle(...where, grey); paint(); };
  paintTo(cell);
  drag((moved) => { const next = cellAt(moved); if (next) paintTo(next); }, () => { past.push(before); future = []; save(false); });
});

function drag(move, end) {
  const stage = $("stage");
  const done = () => { stage.removeEventListener("pointermove", move); stage.removeEventListener("pointerup", done); stage.removeEventListener("pointercancel", done); end(); };
  stage.addEventListener("pointermove", move);
  stage.addEventListener("pointerup", done);
  stage.addEventListener("pointercancel", done);
}

function dragView(event) {
  const [x, y] = at(event), from = { ...view };
  $("stage").classList.add("moving");
  drag((moved) => { const [mx, my] = at(moved); view = { ...from, x: from.x + mx - x, y: from.y + my - y }; paint(); }, () => $("stage").classList.remove("moving"));
}

function dragEdge(side) {
  const original = { ...shown.margins_px }, margins = { ...original };
  drag((moved) => {
    const [x, y] = at(moved);
    const inside = { left: (x - view.x) / view.scale, top: (y - view.y) / view.scale };
    const most = { left: shown.width_px - margins.right, right: shown.width_px - margins.left, top: shown.height_px - margins.bottom, bottom: shown.height_px - margins.top };
    const wanted = { ...inside, right: shown.width_px - inside.left, bottom: shown.height_px - inside.top }[side];
    margins[side] = Math.round(Math.min(most[side], Math.max(0, wanted)));
    shown.margins_px = { ...margins };
    paint();
  }, () => { shown.margins_px = original; setMargins(margins); });
}

$("stage").addEventListener("wheel", (event) => { event.preventDefault(); zoom(Math.exp(-event.deltaY / 400), ...at(event)); }, { passive: false });

function move(rows, cols) {
  if (!shown?.rows || !shown.cols) return;
  cursor = [Math.min(shown.rows - 1, Math.max(0, cursor[0] + rows)), Math.min(shown.cols - 1, Math.max(0, cursor[1] + cols))];
  const size = shown.patch_size_px * view.scale, stage = $("stage").getBoundingClientRect();
  const [x, y] = [view.x + shown.margins_px.left * view.scale + cursor[1] * size, view.y + shown.margins_px.top * view.scale + cursor[0] * size];
  if (x < 0) view.x -= x; else if (x + size > stage.width) view.x -= x + size - stage.width;
  if (y < 0) view.y -= y; else if (y + size > stage.height) view.y -= y + size - stage.height;
  paint();
}

function whole() {
  const every = [];
  for (let row = 0; row < shown.rows; row++) for (let col = 0; col < shown.cols; col++) if (!isBackground(row, col)) every.push([row, col]);
  const grey = every.some(([row, col]) => !isGone(row, col));
  change(() => every.forEach(([row, col]) => toggle(row, col, grey)));
}

const KEYS = {
  ArrowUp: () => move(-1, 0), ArrowDown: () => move(1, 0), ArrowLeft: () => move(0, -1), ArrowRight: () => move(0, 1),
  " ": () => shown?.rows && shown.cols && change(() => toggle(...cursor, !isGone(...cursor))),
  u: () => go(past, future), r: () => go(future, past), w: () => shown && whole(),
  n: () => step(1), p: () => step(-1), f: finish, "+": () => zoom(1.25), "-": () => zoom(0.8), 0: () => shown && fit(),
};

addEventListener("keydown", (event) => {
  if (event.target.matches("input[type=number], select") || event.altKey) return;
  if ((event.key === " " || event.key.startsWith("Arrow")) && event.target.matches("button, input")) return;
  let pressed = event.key;
  if (event.ctrlKey || event.metaKey) pressed = pressed.toLowerCase() !== "z" ? "" : event.shiftKey ? "r" : "u";
  const reason = set.reasons[Number(pressed) - 1];
  if (reason) choose(reason);
  else if (KEYS[pressed]) KEYS[pressed]();
  else return;
  event.preventDefault();
});

function choose(reason) {
  set.reason = reason;
  for (const input of document.querySelectorAll("#reasons input")) input.checked = input.value === reason;
}

$("previous").onclick = () => step(-1);
$("next").onclick = () => step(1);
$("whole").onclick = () => shown && whole();
$("undo").onclick = () => go(past, future);
$("redo").onclick = () => go(future, past);
$("finish").onclick = finish;
$("zoom-in").onclick = () => zoom(1.25);
$("zoom-out").onclick = () => zoom(0.8);
$("zoom-fit").onclick = () => shown && fit();
$("zoom-full").onclick = () => shown && zoom((shown.finest_px || 1) / view.scale);
$("images").onchange = (event) => open(Number(event.target.value));
let typed = 0;
$("size").oninput = () => { clearTimeout(typed); typed = setTimeout(trySize, 250); };
$("size").onchange = () => { clearTimeout(typed); trySize(); };
$("size").onkeydown = (event) => { if (event.key === "Escape") { event.target.value = set.patchSize; trySize(); } };

async function trySize() {
  const size = Number($("size").value);
  if (!shown || size === shown.patch_size_px) return;
  if (size === set.patchSize) return open(place());
  if (!$("size").validity.valid) return ($("what-if").textContent = "A patch size is a whole number of pixels from 16 to 4096.");
  await regrid(size, shown.margins_px);
}
for (const input of document.querySelectorAll("#margins input")) {
  input.onchange = () => setMargins({ ...shown.margins_px, [input.dataset.side]: Math.max(0, Math.round(Number(input.value))) });
}
addEventListener("resize", () => shown && paint());

// ---- begin with the first image that is not finished

const progress = await ask("/api/progress");
set.reasons = progress.reasons;
$("set").textContent = `The set, reviewed by ${progress.reviewer}`;
$("order").hidden = !progress.least_certain_first;
$("order").textContent = `Train images first, those that evaluation ${progress.least_certain_first} is least certain of at the top; valid and test keep their order.`;
$("reasons").replaceChildren(...progress.reasons.map((reason, i) => {
  const label = document.createElement("label");
  label.append(Object.assign(document.createElement("input"), { type: "radio", name: "reason", value: reason, onchange: () => choose(reason) }), reason, Object.assign(document.createElement("kbd"), { textContent: i + 1 }));
  return label;
}));
choose(progress.reasons[0]);
showProgress(progress);
showStrip($("strip"), progress.images.map((image) => ({ name: image.name, words: image.class })), (number) => `/api/images/${number}/thumbnail`, open);
$("hint").hidden = progress.images.some((image) => image.state !== "open");
document.title = `Review by ${progress.reviewer} · neurograde`;
const first = progress.images.findIndex((each) => each.state !== "finished");
set.patchSize = progress.patch_size_px;
await open(Math.max(0, first));
$("stage").focus();
