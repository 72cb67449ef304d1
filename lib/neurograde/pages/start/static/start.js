// The start page: every word that comes from files goes into the page as text, never as HTML.
"use strict";

const at = (id) => document.getElementById(id);
let rule = null; // the rule that is shown, as the server described it

async function ask(path, body) {
  const answer = await fetch(path, body === undefined ? {} : { method: "POST", body: JSON.stringify(body) });
  const read = await answer.json();
  at("error").hidden = answer.ok;
  if (!answer.ok) {
    at("error").textContent = read.error;
    throw new Error(read.error);
  }
  return read;
}

function element(name, text, parent) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (parent) parent.append(made);
  return made;
}

function options(select, values, chosen) {
  select.replaceChildren();
  for (const [value, text] of values) {
    const option = element("option", text, select);
    option.value = value;
    option.selected = value === chosen;
  }
}

async function look() {
  const seen = await ask("api/folder");
  at("folder").textContent = `${seen.images.toLocaleString("en")} images in ${seen.folder}`;
  const bad = [seen.left_out, ...seen.bad].filter(Boolean);
  at("bad").hidden = !bad.length;
  at("bad").textContent = bad.join("; ");
  at("study").textContent = seen.study;
  options(at("rule"), seen.rules.map((words, index) => [String(index), words]), "0");
  options(at("region"), seen.regions.map((region) => [region, region]), "europe-west4");
  if (seen.first === null) {
    at("error").hidden = false;
    at("error").textContent =
      "No rule fits these names: put images into a folder per class, named after their patient, or add a table with a column for image, " +
      "class and patient, and start again.";
    return;
  }
  show(seen.first);
  await outlook();
}

function show(described) {
  rule = described;
  const columns = at("columns");
  columns.hidden = described.columns === null;
  columns.replaceChildren();
  for (const role of described.columns === null ? [] : ["image", "class", "family"]) {
    const label = element("label", `${role}: `, columns);
    const select = element("select", undefined, label);
    select.id = `column-${role}`;
    options(select, described.columns.map((name) => [name, name]), described.chosen[role]);
    select.addEventListener("change", choose);
  }
  const table = at("classes");
  table.replaceChildren();
  const head = element("tr", undefined, element("thead", undefined, table));
  for (const name of ["class", "families", "images", "is this the family?"]) element("th", name, head).scope = "col";
  const body = element("tbody", undefined, table);
  const thumbnails = at("thumbnails");
  thumbnails.replaceChildren();
  for (const of of described.classes) {
    const row = element("tr", undefined, body);
    for (const value of [of.class, of.families, of.images, of.examples.join(", ")]) element("td", String(value), row);
    for (const index of of.thumbnails) {
      const figure = element("figure", undefined, thumbnails);
      const image = element("img", undefined, figure);
      image.src = `api/images/${index}`;
      image.alt = `an image of class ${of.class}`;
      element("figcaption", of.class, figure);
    }
  }
  const kept = at("positive").value;
  const classes = described.classes.map((of) => of.class);
  options(at("positive"), classes.map((name) => [name, name]), classes.includes(kept) ? kept : classes[0]);
  for (const [list, sentences] of [["problems", described.problems], ["notes", described.notes]]) {
    at(list).replaceChildren();
    for (const sentence of sentences) element("li", sentence, at(list));
  }
  at("begin").disabled = at("review").disabled = described.problems.length > 0;
}

async function choose(event) {
  let columns = null; // of another table: as the server proposes them
  if (event.target !== at("rule")) {
    columns = {};
    for (const role of ["image", "class", "family"]) columns[role] = at(`column-${role}`).value;
  }
  show(await ask("api/rule", { rule: Number(at("rule").value), columns }));
}

async function outlook() {
  at("outlook").textContent = "Measuring this machine…";
  const query = new URLSearchParams({ region: at("region").value, patch_size_px: at("patch_size_px").value });
  const seen = await ask(`api/outlook?${query}`);
  const squares = `about ${seen.squares.toLocaleString("en")} squares`;
  if (seen.seconds === null) {
    at("outlook").textContent = `${squares}; this machine could not be measured`;
    return;
  }
  const minutes = Math.max(1, Math.round(seen.seconds / 60));
  at("outlook").textContent =
    `${squares}: about ${minutes} ${minutes === 1 ? "minute" : "minutes"} and ${seen.grams.toPrecision(1)} g CO₂e on this machine`;
}

function chosen() {
  const weights = at("weights").value === "file" ? at("file").value : at("weights").value;
  return {
    name: at("name").value,
    rule: rule.rule,
    columns: rule.chosen,
    family_is: at("family_is").value,
    classes: rule.classes.map((of) => of.class),
    positive: at("positive").value,
    patch_size_px: Number(at("patch_size_px").value),
    weights,
    region: at("region").value,
  };
}

async function begin() {
  const begun = await ask("api/begin", chosen());
  at("new_images").textContent = begun.new_images;
  at("next").hidden = true;
  at("written").textContent = begun.text;
  at("ask").hidden = true;
  at("run").hidden = false;
  follow();
}

async function review() {
  at("review").disabled = true;
  const opened = await ask("api/review", chosen()).finally(() => (at("review").disabled = false));
  at("reviewing").href = opened.address;
  at("reviewing").hidden = false;
}

async function follow() {
  const state = await ask("api/progress");
  if (!state.begun) return;
  const done = state.code === 0 ? 1 : state.steps ? (state.step - 1) / state.steps : 0;
  const bar = document.querySelector(".bar");
  bar.firstElementChild.style.width = `${100 * done}%`;
  bar.setAttribute("aria-valuenow", String(Math.round(100 * done)));
  at("training").textContent = state.training;
  at("lines").textContent = state.lines.join("\n");
  at("report").hidden = !state.report;
  at("stop").hidden = state.code !== null;
  if (state.code === null) {
    at("step").textContent = state.step ? `Step ${state.step} of ${state.steps}: ${state.job}` : "Starting…";
    setTimeout(follow, 1000);
  } else if (state.code === 0) {
    at("step").textContent = "Done: the report is ready.";
    at("next").hidden = false;
  } else if (state.code === 75) {
    at("step").textContent = "Stopped. Nothing is lost: train again goes on from here.";
    at("ask").hidden = false;
  } else {
    at("step").textContent = `Ended with ${state.code}: the last line says why.`;
    at("ask").hidden = false;
  }
}

at("rule").addEventListener("change", choose);
for (const id of ["region", "patch_size_px"]) at(id).addEventListener("change", outlook);
at("weights").addEventListener("change", () => (at("file-label").hidden = at("weights").value !== "file"));
at("begin").addEventListener("click", begin);
at("again").addEventListener("click", begin);
at("review").addEventListener("click", review);
at("stop").addEventListener("click", () => ask("api/stop", {}));
look().then(follow);
