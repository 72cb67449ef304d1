// The viewer: an image at full resolution, its squares tinted by what the network made of them.
import { Tiles, centred, markInStrip, rescaled, scaleToFit, showScale, showStrip } from "./picture.js";

const $ = (id) => document.getElementById(id);
const ORANGE = [201, 106, 0], BLUE = [29, 79, 145];
const LEAST_WITH_FIGURES = 44;                    // side of a square on the screen, px

// ---- the server, or the same answers inside the file

const inside = $("data") ? JSON.parse($("data").textContent) : null;
const address = (number, path) => `/api/images/${number}/${path}`;
const source = inside
  ? {
      contents: async () => inside.contents,
      facts: async (number) => inside.images[number].facts,
      tile: (number, name) => inside.images[number].tiles[name] ?? "data:,",
      thumbnail: (number) => inside.images[number].thumbnail,
      attention: (number, which) => inside.images[number].attention[which],
      file: (number, kind) => inside.images[number].files[kind],
    }
  : {
      contents: () => ask("/api/view"),
      facts: (number) => ask(`/api/images/${number}`),
      tile: (number, name) => address(number, `tiles/${name}`),
      thumbnail: (number) => address(number, "thumbnail"),
      attention: (number, which) => address(number, `attention/${which}`),
      file: (number, kind) => address(number, `squares.${kind}`),
    };

async function ask(path) {
  const answer = await fetch(path), data = await answer.json();
  if (!answer.ok) throw new Error(data.error);
  return data;
}

// ---- an image

const set = await source.contents();
let number = 0, shown = null, cursor = null, opening = 0;
let glowing = [];                                 // the pictures of Grad-CAM of this image
let wanted = 0;                                   // the image that was asked for last, which may still be opening
let view = { scale: 1, x: 0, y: 0 };              // image pixels to stage pixels
const lost = () => say("A part of this image did not arrive. Open it again.");
const layers = [$("tiles"), $("plain")].map((box) => new Tiles(box, (name) => source.tile(number, name), lost));

function say(message) {
  $("message").hidden = !message;
  $("message").textContent = message;
}

async function open(next) {
  if (next < 0 || next >= set.images.length) return;
  const turn = ++opening;
  wanted = next;
  $("square").textContent = `Opening ${set.images[next].name} …`;
  let facts = null, problem = "";
  try {
    facts = await source.facts(next);
    problem = facts.problem || "";
  } catch (error) {
    problem = error.message;
  }
  if (turn !== opening) return;                    // somebody went on meanwhile
  number = next;
  shown = facts;
  cursor = null;
  for (const layer of layers) layer.clear();
  $("name").textContent = set.images[number].name;
  $("answer").textContent = set.images[number].answer;
  $("place").textContent = `${number + 1} of ${set.images.length}`;
  $("previous").disabled = number === 0;
  $("next").disabled = number === set.images.length - 1;
  $("square").textContent = shown?.squares.length ? "Click a square to see what the network made of it." : "No square has enough tissue.";
  for (const kind of ["geojson", "csv"]) $(kind).href = source.file(number, kind);
  markInStrip($("strip"), number);
  say(problem);
  showNotes();
  showAttention();
  fit();
}

function showNotes() {
  const notes = (shown?.notes ?? []).map((text) => Object.assign(document.createElement("p"), { textContent: text }));
  const warnings = set.warnings.map((text) => Object.assign(document.createElement("p"), { className: "warning", textContent: text }));
  $("notes").replaceChildren(...warnings, ...notes);
}

function showAttention() {
  const pictures = shown?.attention ?? [];
  $("attention-section").hidden = $("lit").hidden = !pictures.length;
  glowing = pictures.map((seen, which) => Object.assign(new Image(), { src: source.attention(number, which), onload: paint }));
  $("attention").replaceChildren(...pictures.map((seen, which) => {
    const button = Object.assign(document.createElement("button"), { type: "button", onclick: () => goTo(shown.squares.find((square) => square.row === seen.row && square.col === seen.col)) });
    button.append(Object.assign(new Image(), { src: source.attention(number, which), alt: "" }), seen.words);
    return button;
  }));
}

// ---- drawing

const stage = () => $("stage").getBoundingClientRect();

function fit() {
  if (!shown) return paint();
  view = centred(stage(), shown);
  paint();
}

function zoom(factor, x = stage().width / 2, y = stage().height / 2) {
  if (!shown) return;
  const scale = Math.min(16, Math.max(Math.min(0.02, scaleToFit(stage(), shown) / 2), view.scale * factor));
  view = rescaled(view, scale, x, y);
  paint();
}

let painting = false;
function paint() {
  if (painting) return;
  painting = true;
  requestAnimationFrame(() => { painting = false; draw(); });
}

function draw() {
  const canvas = $("grid"), box = stage(), dots = devicePixelRatio || 1;
  canvas.width = box.width * dots;
  canvas.height = box.height * dots;
  if (!shown) return;
  const pen = canvas.getContext("2d");
  pen.scale(dots, dots);
  if (shown.tiles) layers[0].show(shown, view, box);
  if (shown.tiles && !$("original").hidden) layers[1].show(shown, view, box);
  showScale($("scale"), shown.um_per_px, view.scale);
  const side = shown.side * view.scale;
  for (const square of shown.squares) {
    const x = view.x + square.x * view.scale, y = view.y + square.y * view.scale;
    if (x + side < 0 || y + side < 0 || x > box.width || y > box.height) continue;
    if ($("tint").checked) drawTint(pen, square, x, y, side);
    if (square.truth !== null && square.truth !== square.named) outline(pen, x, y, side, "#c1121f");
  }
  if ($("glow").checked) drawAttention(pen);
  if (cursor) outline(pen, view.x + cursor.x * view.scale, view.y + cursor.y * view.scale, side, "#111");
}

function drawTint(pen, square, x, y, side) {
  const probability = square.p[set.positive], [red, green, blue] = probability > 0.5 ? ORANGE : BLUE;
  const strength = ($("strength").value / 100) * Math.abs(2 * probability - 1);
  pen.fillStyle = `rgba(${red}, ${green}, ${blue}, ${strength})`;
  pen.fillRect(x, y, side, side);
  if (side > 10) { pen.lineWidth = 1; pen.strokeStyle = "rgba(255, 255, 255, 0.6)"; pen.strokeRect(x, y, side, side); }
  if (side < LEAST_WITH_FIGURES) return;
  pen.font = "600 12px system-ui, sans-serif";
  pen.fillStyle = `rgb(${red}, ${green}, ${blue})`;
  const words = `${Math.round(100 * probability)}`;
  pen.fillRect(x + 1, y + side - 19, pen.measureText(words).width + 8, 18);
  pen.fillStyle = "#fff";
  pen.fillText(words, x + 5, y + side - 6);
}

function drawAttention(pen) {
  shown.attention.forEach((seen, which) => {
    if (!seen.box || !glowing[which].complete) return;
    const [x, y, side] = seen.box.map((edge) => edge * view.scale);
    pen.drawImage(glowing[which], view.x + x, view.y + y, side, side);
    outline(pen, view.x + x, view.y + y, side, "#e0b000");
  });
}

function outline(pen, x, y, side, colour) {
  pen.lineWidth = 5; pen.strokeStyle = "#fff"; pen.strokeRect(x, y, side, side);
  pen.lineWidth = 2.5; pen.strokeStyle = colour; pen.strokeRect(x, y, side, side);
}

// ---- squares

function describe(square) {
  const percent = (share) => `${(100 * share).toFixed(1)} %`;
  const parts = set.classes.map((label) => `${label} ${percent(square.p[label])}`);
  if (square.truth !== null) parts.push(square.truth === square.named ? `labelled ${square.truth}` : `labelled ${square.truth}, taken for ${square.named}`);
  if (square.distance !== null) parts.push(`distance from training ${square.distance.toFixed(3)}`);
  return `Row ${square.row}, column ${square.col}: ${parts.join(", ")}.`;
}

function choose(square) {
  cursor = square ?? null;
  $("square").textContent = square ? describe(square) : "";
  paint();
}

function goTo(square) {
  if (!square) return;
  choose(square);
  const side = shown.side * view.scale, box = stage();
  view.x = box.width / 2 - square.x * view.scale - side / 2;
  view.y = box.height / 2 - square.y * view.scale - side / 2;
  paint();
}

// The nearest square in a direction, so that the cursor crosses background.
function move(down, right) {
  if (!shown?.squares.length) return;
  if (!cursor) return choose(shown.squares[0]);
  const ahead = shown.squares.filter((square) => (square.row - cursor.row) * down + (square.col - cursor.col) * right > 0);
  const far = (square) => Math.abs(square.row - cursor.row) * (down ? 1 : 3) + Math.abs(square.col - cursor.col) * (right ? 1 : 3);
  const next = ahead.sort((one, other) => far(one) - far(other))[0];
  if (!next) return;
  choose(next);
  const x = view.x + next.x * view.scale, y = view.y + next.y * view.scale, side = shown.side * view.scale, box = stage();
  if (x < 0 || y < 0 || x + side > box.width || y + side > box.height) goTo(next);
}

function squareAt([x, y]) {
  const left = (x - view.x) / view.scale, top = (y - view.y) / view.scale;
  return shown.squares.find((square) => left >= square.x && top >= square.y && left < square.x + shown.side && top < square.y + shown.side);
}

// ---- hands and keys: one finger or the mouse moves, two fingers zoom, a tap chooses a square

const fingers = new Map();

for (const pane of [$("stage"), $("original")]) {
  const at = (event) => { const box = pane.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };
  let moved = false;
  pane.addEventListener("pointerdown", (event) => {
    if (!shown || event.target.closest("button")) return;
    pane.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, at(event));
    moved = fingers.size > 1;
    pane.classList.add("moving");
  });
  pane.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId), now = at(event);
    if (!before) return;
    if (fingers.size === 2) {
      const other = [...fingers].find(([id]) => id !== event.pointerId)[1];
      const apart = (point) => Math.hypot(point[0] - other[0], point[1] - other[1]);
      zoom(apart(now) / Math.max(1, apart(before)), (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
    } else if (moved || Math.hypot(now[0] - before[0], now[1] - before[1]) > 4) {
      moved = true;
      view = { ...view, x: view.x + now[0] - before[0], y: view.y + now[1] - before[1] };
      paint();
    } else return;
    fingers.set(event.pointerId, now);
  });
  const lift = (event) => {
    if (!fingers.delete(event.pointerId)) return;
    if (!fingers.size) pane.classList.remove("moving");
    if (event.type === "pointerup" && !moved) choose(squareAt(at(event)));
  };
  pane.addEventListener("pointerup", lift);
  pane.addEventListener("pointercancel", lift);
  pane.addEventListener("wheel", (event) => { event.preventDefault(); zoom(Math.exp(-event.deltaY / 400), ...at(event)); }, { passive: false });
}

function switchBeside() {
  $("original").hidden = !$("beside").checked;
  fit();
}

const flip = (box, act) => { box.checked = !box.checked; act(); };
const fade = (by) => { $("strength").value = Number($("strength").value) + by; paint(); };
const KEYS = {
  ArrowUp: () => move(-1, 0), ArrowDown: () => move(1, 0), ArrowLeft: () => move(0, -1), ArrowRight: () => move(0, 1),
  n: () => open(wanted + 1), p: () => open(wanted - 1), t: () => flip($("tint"), paint), o: () => flip($("beside"), switchBeside), a: () => flip($("glow"), paint),
  "[": () => fade(-10), "]": () => fade(10), "+": () => zoom(1.25), "-": () => zoom(0.8), 0: fit, 1: () => zoom(1 / view.scale),
};

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !KEYS[event.key]) return;
  if (event.key.startsWith("Arrow") && event.target.matches("input, nav, nav *")) return;
  KEYS[event.key]();
  event.preventDefault();
});

$("previous").onclick = () => open(wanted - 1);
$("next").onclick = () => open(wanted + 1);
$("zoom-in").onclick = () => zoom(1.25);
$("zoom-out").onclick = () => zoom(0.8);
$("zoom-fit").onclick = fit;
$("zoom-full").onclick = () => zoom(1 / view.scale);
$("tint").onchange = $("glow").onchange = paint;
$("strength").oninput = paint;
$("beside").onchange = switchBeside;
addEventListener("resize", paint);

// ---- begin

document.title = `${set.title} · neurograde`;
const others = set.classes.filter((label) => label !== set.positive).join(" or ");
const key = [["orange", `${set.positive}, its probability in figures, %`], ["blue", others], ...(set.images.some((image) => image.answer.includes("wrong")) ? [["wrong", "wrong class"]] : [])];
$("key").replaceChildren(...key.map(([name, words]) => {
  const line = document.createElement("li");
  line.append(Object.assign(document.createElement("i"), { className: name }), words);
  return line;
}));
showStrip($("strip"), set.images.map((image) => ({ name: image.name, words: image.answer })), source.thumbnail, open);
if (set.images.length) await open(0);
else say("There is nothing to show.");
$("stage").focus({ preventScroll: true });
