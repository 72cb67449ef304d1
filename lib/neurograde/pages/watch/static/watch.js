// The page of a running grid: asks the server for its progress every few seconds, and draws what has changed.

const ROWS = 200;
const SCALE = ["#16325c", "#1d4f91", "#3f76b5", "#74a2d1", "#aac8e4", "#d9e6f2"]; // best to worst; safe for the colour-blind
const SVG = "http://www.w3.org/2000/svg";
const $ = (id) => document.getElementById(id);
let grid = null, row = null, chosen = null, readAt = 0, every = 5; // seconds between looks

const make = (name, fields = {}, ...children) => {
  const node = Object.assign(document.createElement(name), fields);
  node.append(...children);
  return node;
};
const draw = (name, fields, ...children) => {
  const node = document.createElementNS(SVG, name);
  for (const [field, value] of Object.entries(fields)) node.setAttribute(field, value);
  node.append(...children);
  return node;
};
const rateOf = (rate) => rate.toExponential().replace("e+0", "");
const rowOf = (cell) => `${cell.backbone} · ${cell.strategy}`;

async function refresh() {
  try {
    const answer = await fetch("/api/grid"), data = await answer.json();
    if (!answer.ok) throw new Error(data.error);
    grid = data;
    every = data.every;
    readAt = Date.now();
    $("message").hidden = true;
    show();
  } catch (error) {
    $("message").hidden = false;
    $("message").textContent = `Not up to date: ${error.message}. Trying again every ${every} s.`;
  }
}

function show() {
  document.title = `${grid.name} · neurograde`;
  $("name").textContent = grid.name;
  $("marks").hidden = !grid.marks.length;
  $("marks").textContent = `The data of this grid is marked: ${grid.marks.join(", ")}.`;
  $("headline").textContent = grid.headline.slice(grid.name.length + 2);
  $("carbon").textContent = grid.carbon;
  const done = grid.shards.reduce((sum, each) => sum + each.epochs_done, 0), all = grid.shards.reduce((sum, each) => sum + each.epochs_all, 0);
  $("done").style.width = `${(100 * done) / Math.max(1, all)}%`;
  const rows = [...new Set(grid.cells.map(rowOf))];
  if (!rows.includes(row)) { row = rowOf(grid.cells.find((each) => each.running) ?? grid.cells[0]); chosen = best(); }
  if ($("row").options.length !== rows.length) $("row").replaceChildren(...rows.map((each) => make("option", { value: each, textContent: each })));
  $("row").value = row;
  $("row-label").hidden = rows.length < 2;
  heatmap();
  shards();
}

// The cell of the row to look at first: the one of least loss, or where there is none yet one that is being trained.
function best() {
  const cells = grid.cells.map((cell, place) => ({ ...cell, place })).filter((cell) => rowOf(cell) === row);
  const known = cells.filter((cell) => cell.loss !== null).sort((a, b) => a.loss - b.loss);
  return (known[0] ?? cells.find((cell) => cell.running) ?? cells[0]).place;
}

// ---- the map

function heatmap() {
  const cells = grid.cells.map((cell, place) => ({ ...cell, place })).filter((cell) => rowOf(cell) === row);
  const rates = [...new Set(cells.map((each) => each.learning_rate))].sort((a, b) => a - b), sizes = [...new Set(cells.map((each) => each.batch_size))].sort((a, b) => a - b);
  const losses = cells.map((each) => each.loss).filter((loss) => loss !== null), best = Math.min(...losses), worst = Math.max(...losses);
  const head = make("tr", {}, make("th", { scope: "col", textContent: "rate \\ batch" }), ...sizes.map((size) => make("th", { scope: "col", textContent: size })));
  const focused = document.activeElement?.dataset?.cell;
  $("heatmap").replaceChildren(make("thead", {}, head), make("tbody", {}, ...rates.map((rate) => make("tr", {}, make("th", { scope: "row", textContent: rateOf(rate) }), ...sizes.map((size) => {
    const cell = cells.find((each) => each.learning_rate === rate && each.batch_size === size);
    return make("td", {}, ...(cell ? [tile(cell, best, worst)] : []));
  })))));
  if (focused !== undefined) document.querySelector(`[data-cell="${focused}"]`)?.focus();
}

function tile(cell, best, worst) {
  const button = make("button", { type: "button", className: cell.running ? "running" : "" });
  button.dataset.cell = cell.place;
  button.setAttribute("aria-pressed", String(chosen === cell.place));
  const loss = cell.loss === null ? "–" : cell.loss.toFixed(3);
  const n = cell.counted === cell.repeats ? `n = ${cell.counted}` : `n = ${cell.counted} of ${cell.repeats}`;
  const finished = `${cell.finished} of ${cell.repeats} finished`;
  button.append(loss, make("small", { textContent: n }), make("small", { textContent: finished }));
  button.setAttribute("aria-label", `rate ${rateOf(cell.learning_rate)}, batch ${cell.batch_size}: loss ${loss}, ${cell.counted} of ${cell.repeats} sessions, ${finished}${cell.running ? ", being trained" : ""}`);
  if (cell.loss !== null) {
    const step = worst > best ? Math.round(((cell.loss - best) / (worst - best)) * (SCALE.length - 1)) : 0;
    button.style.background = SCALE[step];
    button.style.color = step < 3 ? "#fff" : "#1c2330";
  }
  button.onclick = () => { chosen = cell.place; heatmap(); curves(); };
  return button;
}

// ---- the curves of one cell

async function curves() {
  if (chosen === null) return;
  const cell = grid.cells[chosen], answer = await fetch(`/api/cell/${chosen}`).catch(() => null);
  if (!answer?.ok) return; // the next refresh shows the reason
  const { curves: found, best } = await answer.json();
  if (!found.train_loss.length) {
    $("chosen").textContent = `${rowOf(cell)}, rate ${rateOf(cell.learning_rate)}, batch ${cell.batch_size}: no epoch is committed yet.`;
    return $("curves").replaceChildren();
  }
  $("chosen").textContent = `${rowOf(cell)}, rate ${rateOf(cell.learning_rate)}, batch ${cell.batch_size}: mean ± standard deviation over ${cell.repeats} repeats; red dots are the best epochs of its sessions.`;
  $("curves").replaceChildren(
    plot("loss", { train: found.train_loss, valid: found.valid_loss }, best),
    plot("accuracy", { train: found.train_accuracy, valid: found.valid_accuracy }, []),
  );
}

function plot(title, lines, dots) {
  const [width, height, left, top] = [Math.min(560, Math.max(300, $("curves").clientWidth)), 190, 46, 24], points = Object.values(lines).flat();
  const svg = draw("svg", { viewBox: `0 0 ${width} ${height + top + 24}`, role: "img", "aria-label": `${title} by epoch, train and valid` });
  svg.append(draw("text", { x: left, y: 14, class: "title" }, title));
  if (!points.length) return svg.append(draw("text", { x: left, y: 60 }, "not measured")), svg;
  const high = points.map((p) => p.mean + (p.std ?? 0)).concat(dots.map((dot) => dot.loss)), low = points.map((p) => p.mean - (p.std ?? 0));
  const [most, least] = title === "accuracy" ? [1, Math.min(0.5, ...low)] : [Math.max(...high), Math.min(0, ...low)];
  const last = Math.max(1, ...points.map((p) => p.epoch));
  const x = (epoch) => left + (epoch / last) * (width - left - 60), y = (value) => top + (1 - (value - least) / (most - least || 1)) * height;
  for (const part of [0, 0.5, 1]) {
    const value = least + part * (most - least);
    svg.append(draw("line", { x1: left, x2: width - 60, y1: y(value), y2: y(value), stroke: "var(--rule)" }), draw("text", { x: left - 6, y: y(value) + 4, "text-anchor": "end" }, value.toFixed(2)));
  }
  svg.append(draw("text", { x: left, y: top + height + 18 }, "epoch 0"), draw("text", { x: x(last), y: top + height + 18, "text-anchor": "end" }, String(last)));
  for (const [name, line] of Object.entries(lines)) {
    const colour = `var(--${name})`, edge = (sign) => line.map((p) => `${x(p.epoch)},${y(p.mean + sign * (p.std ?? 0))}`);
    svg.append(draw("polygon", { points: [...edge(1), ...edge(-1).reverse()].join(" "), fill: colour, opacity: 0.18 }));
    svg.append(draw("polyline", { points: edge(0).join(" "), fill: "none", stroke: colour, "stroke-width": 2, "stroke-dasharray": name === "valid" ? "6 3" : "none" }));
    const end = line.at(-1), other = Object.values(lines).find((each) => each !== line)?.at(-1); // the higher name above
    const above = other && (end?.mean === other.mean ? name === "valid" : end?.mean > other.mean);
    if (end) svg.append(draw("text", { x: x(end.epoch) + 6, y: y(end.mean) + (above ? -2 : 10), class: name }, name));
  }
  for (const dot of dots) svg.append(draw("circle", { cx: x(dot.epoch), cy: y(dot.loss), r: 4, fill: "var(--best)" }, draw("title", {}, `${dot.session}: ${dot.loss.toFixed(3)} in epoch ${dot.epoch}`)));
  return svg;
}

// ---- the shards

const STATES = ["running", "stale", "failed", "diverged", "stopped", "waiting", "done"];

function duration(seconds) {
  if (seconds === null) return "–";
  for (const [unit, size, digits] of [["d", 86400, 1], ["h", 3600, 1], ["min", 60, 0]]) if (seconds >= 2 * size) return `${(seconds / size).toFixed(digits)} ${unit}`;
  return `${seconds.toFixed(0)} s`;
}

// Session-epochs a second, minute or hour, so that it is not 0.0.
function pace(rate) {
  const [unit, size] = [["s", 1], ["min", 60]].find(([, seconds]) => rate * seconds >= 1) ?? ["h", 3600];
  return `${(rate * size).toFixed(1)}/${unit}`;
}

// Kilograms, grams or milligrams, so that its digits are not zeros.
function mass(kg) {
  const step = kg >= 1 ? 0 : kg >= 1e-3 ? 1 : 2, scaled = kg * 1000 ** step;
  return kg ? `${scaled.toFixed(scaled >= 100 ? 0 : scaled >= 10 ? 1 : 2)} ${["kg", "g", "mg"][step]}` : "–";
}

function shards() {
  const sorted = [...grid.shards].sort((a, b) => STATES.indexOf(a.state) - STATES.indexOf(b.state));
  const head = ["shard", "state", "epoch", "", "rate", "left", "CO2e", "wasted", "attempt", "heartbeat", "where"];
  $("shards").replaceChildren(make("thead", {}, make("tr", {}, ...head.map((title) => make("th", { scope: "col", textContent: title })))), make("tbody", {}, ...sorted.slice(0, ROWS).map((each) => {
    const fill = make("i");
    fill.style.width = `${(100 * each.epochs_done) / Math.max(1, each.epochs_all)}%`;
    const ending = each.exit_code === null ? "" : ` (exit ${each.exit_code})`, lost = each.diverged && each.state !== "diverged" ? `, ${each.diverged} diverged` : "";
    const number = (text) => make("td", { className: "number", textContent: text });
    return make("tr", { className: each.state },
      make("th", { scope: "row", textContent: each.name }), make("td", { className: "state", textContent: each.state + ending + lost }),
      number(`${each.epoch ?? "–"}/${each.epochs}`), make("td", {}, make("span", { className: "meter" }, fill)),
      number(each.epochs_per_second ? pace(each.epochs_per_second) : "–"), number(duration(each.seconds_left)),
      number(mass(each.co2e_kg)), number(mass(each.wasted_kg)), number(each.attempt ?? "–"),
      number(each.heartbeat_seconds === null ? "–" : `${duration(each.heartbeat_seconds)} ago`), make("td", { textContent: each.machine }));
  })));
  $("more").textContent = sorted.length > ROWS ? `and ${sorted.length - ROWS} more` : "";
}

$("row").onchange = () => { row = $("row").value; chosen = best(); heatmap(); curves(); };
setInterval(() => { if (readAt) $("age").textContent = `read ${duration((Date.now() - readAt) / 1000)} ago`; }, 1000);
let look = () => {};
document.onvisibilitychange = () => look(); // a page that is looked at again is up to date at once
for (;;) {
  if (!document.hidden || !grid) await refresh().then(curves);
  await new Promise((resume) => { look = resume; setTimeout(resume, every * 1000); });
}
