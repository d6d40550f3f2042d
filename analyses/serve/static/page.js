"use strict";
// Everything that the server sends is put into the page as text or as numbers, never as markup.
const $ = (id) => document.getElementById(id);
const BASE = 12, LOGO = 90, NS = "http://www.w3.org/2000/svg";
let site = null, rows = [], chosen = null, look = null, running = null, cursor = 0, asked = 0;

function svg(tag, attributes, text) {
  const element = document.createElementNS(NS, tag);
  for (const [key, value] of Object.entries(attributes || {})) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
}
function html(tag, text, attributes) {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  for (const [key, value] of Object.entries(attributes || {})) element.setAttribute(key, value);
  return element;
}
function say(text, bad) { $("status").textContent = text; $("status").className = bad ? "bad" : ""; }
const shown = (value) => Math.abs(value) >= 0.001 || value === 0 ? value.toFixed(4) : value.toExponential(2);

async function post(path, content, signal) {
  const answer = await fetch(path, { method: "POST", body: JSON.stringify(content), signal });
  const body = await answer.json().catch(() => ({ error: `the server answered ${answer.status}` }));
  if (!answer.ok) throw new Error(body.error || `the server answered ${answer.status}`);
  return body;
}

function fill(select, values, labels) {
  const before = select.value;
  select.replaceChildren(...values.map((value, i) => html("option", labels ? labels[i] : value, { value })));
  if (values.includes(before)) select.value = before;
}
const runOf = (name) => site.runs.find((run) => run.name === name);
function runChanged() {
  const run = runOf($("run").value);
  fill($("task"), run.tasks);
  fill($("method"), run.methods);
  if (run.methods.includes("input_x_gradient") && !$("method").dataset.touched) $("method").value = "input_x_gradient";
  const others = site.runs.filter((other) => other !== run).map((other) => other.name);
  fill($("other"), ["", ...others], ["nothing", ...others]);
  $("note").hidden = !run.note;
  $("note").textContent = run.note;
}

// --- predictions -----------------------------------------------------------------------------------------------
async function predict(event) {
  event.preventDefault();
  if (running) running.abort();
  const control = running = new AbortController();
  const sequences = $("sequences").value, run = $("run").value;
  rows = []; chosen = null; $("results").hidden = $("look").hidden = true; $("cancel").disabled = false;
  say("predicting …");
  try {
    const answer = await fetch("/api/predict", {
      method: "POST", signal: control.signal, body: JSON.stringify({ run, sequences, stream: true }),
    });
    if (!answer.ok) throw new Error((await answer.json().catch(() => ({}))).error || `the server answered ${answer.status}`);
    const letters = parse(sequences);
    for await (const step of lines(answer.body)) {
      if (step.error) throw new Error(step.error);
      if (step.progress !== undefined) { say(`${step.progress}: ${step.windows} of ${step.of} windows`); continue; }
      const one = letters[rows.length] || "";
      rows.push({ ...step, letters: one });
      if (rows.length % 50 === 0) say(`${rows.length} sequences …`);
    }
    drawTable();
    say(`${rows.length} sequence${rows.length === 1 ? "" : "s"}`);
    if (rows.length) await choose(rows[0], $("task").value);
  } catch (error) {
    say(error.name === "AbortError" ? "cancelled" : error.message, error.name !== "AbortError");
    if (rows.length) drawTable();
  } finally {
    if (running === control) { running = null; $("cancel").disabled = true; }
  }
}
async function* lines(body) {
  const reader = body.getReader(), decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    rest += done ? decoder.decode() : decoder.decode(value, { stream: true });
    const parts = rest.split("\n");
    rest = parts.pop();
    for (const part of parts) if (part) yield JSON.parse(part);
    if (done) return;
  }
}
function parse(text) {  // as the server reads it, which has checked it
  const found = [];
  for (const raw of text.split(/\r\n|\r|\n/)) {
    const line = raw.trim();
    if (!line || line.startsWith(";")) continue;
    if (line.startsWith(">")) found.push("");
    else { if (!found.length) found.push(""); found[found.length - 1] += line.replace(/[ \t]/g, "").toUpperCase(); }
  }
  return found;
}
function drawTable() {
  const tasks = runOf($("run").value).tasks;
  const heads = ["sequence", "output", "probability", "forward", "reverse", "window starts at"];
  const head = html("tr");
  heads.forEach((name, column) => {
    const cell = html("th", undefined, { scope: "col" }), button = html("button", name, { type: "button" });
    button.addEventListener("click", () => sort(column, cell));
    cell.append(button); head.append(cell);
  });
  $("table").tHead.replaceChildren(head);
  const body = [];
  for (const row of rows) {
    const best = Object.entries(row.strands).sort((a, b) => b[1].probability - a[1].probability);
    for (const [task, of] of best.slice(0, tasks.length > 20 ? 10 : tasks.length)) {
      const line = html("tr", undefined, { tabindex: 0 });
      [row.name, task, shown(of.probability), shown(of.plus), shown(of.minus), of.start].forEach((text, i) =>
        line.append(html("td", text, i > 1 ? { "data-value": [of.probability, of.plus, of.minus, of.start][i - 2] } : {})));
      line.addEventListener("click", () => choose(row, task));
      line.addEventListener("keydown", (event) => { if (event.key === "Enter") choose(row, task); });
      line.of = { row, task };
      body.push(line);
    }
  }
  $("table").tBodies[0].replaceChildren(...body);
  $("results").hidden = !rows.length;
}
function sort(column, head) {
  const down = head.getAttribute("aria-sort") === "descending";
  for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", down ? "ascending" : "descending");
  const key = (line) => { const c = line.cells[column]; return c.dataset.value === undefined ? c.textContent : Number(c.dataset.value); };
  const all = [...$("table").tBodies[0].rows].sort((a, b) => {
    const [x, y] = [key(a), key(b)];
    const order = typeof x === "number" ? x - y : x.localeCompare(y, undefined, { numeric: true });
    return down ? order : -order;
  });
  $("table").tBodies[0].append(...all);
}

// --- one window ------------------------------------------------------------------------------------------------
async function choose(row, task) {
  for (const line of $("table").tBodies[0].rows) line.classList.toggle("chosen", line.of.row === row && line.of.task === task);
  chosen = { row, task, start: row.strands[task].start, letters: row.letters, original: row.letters, base: null };
  cursor = 0;
  await explain();
}
async function explain() {
  const turn = ++asked, now = chosen, method = $("method").value;
  const names = [$("run").value, $("other").value].filter(Boolean);
  say("explaining …");
  try {
    const found = [];
    for (const run of names) {
      const of = runOf(run);
      found.push(await post("/api/explain", {
        run, name: now.row.name, sequence: now.letters, start: now.start,
        task: of.tasks.includes(now.task) ? now.task : "", method: of.methods.includes(method) ? method : "saliency",
      }));
    }
    if (turn !== asked) return;  // another click has overtaken this one
    if (!now.base) now.base = found.map((one) => one.logit);
    look = found;
    drawLook(names);
    say("");
  } catch (error) { if (turn === asked) say(error.message, true); }
}
function drawLook(names) {
  const first = look[0];
  $("look").hidden = false;
  $("look-title").textContent = `${first.name}, bases ${first.start} to ${first.start + first.letters.length}`;
  const changes = [...chosen.letters].filter((letter, i) => letter !== chosen.original[i]).length;
  $("look-lead").textContent = look.map((one, i) => {
    const delta = one.logit - chosen.base[i];
    return `${names[i]}, ${one.task}: forward ${shown(one.plus)}, reverse ${shown(one.minus)}` +
      (changes ? `; ${changes} base${changes > 1 ? "s" : ""} changed: ${delta >= 0 ? "+" : "−"}${Math.abs(delta).toFixed(3)} on the logit` : "");
  }).join(". ") + ".";
  $("undo").disabled = !changes;
  // Words are not broken: -- at a line's end would be read as two dashes.
  $("command").replaceChildren(...first.command.split(" ").flatMap((word) => [html("span", word), " "]));
  $("panels").replaceChildren(...look.map((one, i) => panel(one, names[i])));
}
function panel(one, name) {
  const n = one.letters.length, width = n * BASE;
  const hits = lanes(one.motifs), attention = one.attention;
  const bars = attention ? 40 : 0, top = 14, rule = top + LOGO + 16;
  const height = rule + (bars ? bars + 24 : 4) + hits.count * 18 + 8;
  const box = html("div", undefined, { class: "panel" });
  box.append(html("h3", `${name}: ${one.method} for ${one.task}` + (one.flagged ? " (does not add up: take another method)" : "")));
  const picture = svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", xmlns: NS });
  picture.append(svg("title", {}, `importance of each base of ${one.name}`));
  const high = Math.max(...one.scores, 0), low = Math.min(...one.scores, 0), scale = LOGO / Math.max(high - low, 1e-12);
  const zero = top + high * scale;
  [...one.letters].forEach((letter, i) => {
    const at = one.start + i;
    if (chosen.letters[at] !== chosen.original[at])
      picture.append(svg("rect", { class: "changed", x: i * BASE, y: top, width: BASE, height: LOGO + 16 }));
    const size = Math.abs(one.scores[i]) * scale;
    if (site.glyphs[letter] && size > 0.2) {
      const up = one.scores[i] > 0;
      picture.append(svg("path", {
        d: site.glyphs[letter], fill: site.colours[letter], class: `letter-${letter}`,
        transform: `translate(${i * BASE} ${up ? zero - size : zero + size}) scale(${BASE * 0.94} ${up ? size : -size})`,
      }));
    }
    picture.append(svg("text", { class: "soft", x: i * BASE + 2, y: top + LOGO + 12 }, letter));
  });
  picture.append(svg("path", { class: "line", d: `M0 ${zero}H${width}`, fill: "none" }));
  for (let i = 0; i < n; i += 20) picture.append(svg("text", { class: "soft", x: i * BASE, y: 10 }, one.start + i));
  if (attention) {
    const most = Math.max(...attention.weight, 1e-12);
    attention.weight.forEach((weight, p) => {
      const from = Math.max(attention.start[p], 0), to = Math.min(attention.end[p], n);
      if (to <= from) return;
      const middle = (attention.start[p] + attention.end[p]) / 2, tall = bars * weight / most;
      const bar = svg("rect", { class: "attention", x: (middle - 0.4 * step(attention)) * BASE, y: rule + bars - tall,
        width: 0.8 * step(attention) * BASE, height: tall });
      bar.append(svg("title", {}, `${weight}: bases ${attention.start[p] + one.start} to ${attention.end[p] + one.start}`));
      picture.append(bar);
    });
    picture.append(svg("text", { class: "soft", x: 0, y: rule + bars + 14 },
      `attention (${attention.layer}), largest ${shown(most)}; a bar stands at the middle of its field` +
      (attention.nominal ? "; a recurrent layer lies before it, so fields are nominal" : "")));
  }
  const base = rule + (bars ? bars + 24 : 4);
  one.motifs.forEach((hit, i) => {
    const y = base + hits.lane[i] * 18;
    picture.append(svg("rect", { class: "hit", x: hit.start * BASE, y, width: (hit.end - hit.start) * BASE, height: 15 }));
    const label = svg("text", { x: hit.start * BASE + 2, y: y + 11 }, `${hit.name} ${hit.strand}`);
    label.append(svg("title", {}, `${hit.id} ${hit.name}, p ${hit.p}, q ${hit.q}`));
    picture.append(label);
  });
  if (one === look[0]) {
    const mark = svg("rect", { class: "at", x: cursor * BASE, y: top - 2, width: BASE, height: LOGO + 20 });
    const area = svg("rect", { class: "base", x: 0, y: top, width, height: LOGO + 16, tabindex: 0, role: "slider",
      "aria-label": "base to change", "aria-valuemin": 0, "aria-valuemax": n - 1, "aria-valuenow": cursor,
      "aria-valuetext": `base ${one.start + cursor}, ${one.letters[cursor]}` });
    area.addEventListener("click", (event) => {
      move(Math.floor((event.clientX - area.getBoundingClientRect().left) / BASE), area, mark, one); offer();
    });
    area.addEventListener("keydown", (event) => {
      const steps = { ArrowLeft: -1, ArrowRight: 1, Home: -n, End: n }[event.key];
      if (steps) { event.preventDefault(); move(cursor + steps, area, mark, one); }
      if ("acgtACGT".includes(event.key) && event.key.length === 1) { event.preventDefault(); mutate(event.key.toUpperCase(), true); }
    });
    picture.append(mark, area);
  }
  const scroll = html("div", undefined, { class: "scroll" });
  scroll.append(picture);
  box.append(scroll);
  if (!one.motifs.length) box.append(html("p", "No JASPAR motif at p < 0.0001.", { class: "small" }));
  return box;
}
const step = (attention) => attention.start.length > 1 ? attention.start[1] - attention.start[0] : attention.end[0] - attention.start[0];
function lanes(motifs) {
  const ends = [], lane = [];
  for (const hit of motifs) {
    const reach = Math.max(hit.end, hit.start + Math.ceil((hit.name.length + 2) * 7 / BASE));
    let at = ends.findIndex((used) => used.every(([a, b]) => reach <= a || hit.start >= b));
    if (at < 0) { ends.push([]); at = ends.length - 1; }
    ends[at].push([hit.start, reach]); lane.push(at);
  }
  return { lane, count: ends.length };
}
function move(to, area, mark, one) {
  cursor = Math.max(0, Math.min(one.letters.length - 1, to));
  mark.setAttribute("x", cursor * BASE);
  area.setAttribute("aria-valuenow", cursor);
  area.setAttribute("aria-valuetext", `base ${one.start + cursor}, ${one.letters[cursor]}`);
}
function offer() {
  const here = look[0].letters[cursor];
  $("choice").hidden = false;
  $("choice").replaceChildren(html("span", `Base ${look[0].start + cursor} is ${here}; put`), ...["A", "C", "G", "T"].map((letter) => {
    const button = html("button", letter, { type: "button" });
    button.disabled = letter === here;
    button.addEventListener("click", () => mutate(letter, false));
    return button;
  }));
}
async function mutate(letter, focus) {
  const at = look[0].start + cursor;
  if (chosen.letters[at] === letter) return;
  chosen.letters = chosen.letters.slice(0, at) + letter + chosen.letters.slice(at + 1);
  $("choice").hidden = true;
  await explain();
  if (focus) document.querySelector("#panels .base").focus();
}

// --- saving ----------------------------------------------------------------------------------------------------
function save(kind) {
  const clean = (text) => String(text).replace(/[\t\r\n]/g, " ");
  let text = "", name = `predictions.${kind}`;
  if (kind === "tsv") {
    text = "sequence\toutput\tprobability\tforward\treverse\tstart\n" + rows.map((row) => Object.entries(row.strands).map(([task, of]) =>
      [clean(row.name), clean(task), of.probability, of.plus, of.minus, of.start].join("\t")).join("\n")).join("\n") + "\n";
  } else if (kind === "bed") {
    const task = $("task").value;
    text = rows.map((row) => {
      const place = /^(\S+):(\d+)-(\d+)$/.exec(row.name), of = row.strands[task] || Object.values(row.strands)[0];
      const length = Math.min(runOf($("run").value).length, row.bases), from = (place ? Number(place[2]) : 0) + of.start;
      return [place ? place[1] : clean(row.name).replace(/ /g, "_"), from, from + length, clean(task).replace(/ /g, "_"),
        Math.round(1000 * of.probability), "."].join("\t");
    }).join("\n") + "\n";
  } else if (kind === "scores") {
    name = "scores.tsv";
    text = "base\tletter\t" + look.map((one) => clean(one.method)).join("\t") + "\n" + [...look[0].letters].map((letter, i) =>
      [look[0].start + i, letter, ...look.map((one) => one.scores[i] ?? "")].join("\t")).join("\n") + "\n";
  } else {
    const picture = document.querySelector("#panels svg").cloneNode(true), drawn = document.querySelector("#panels svg");
    const from = drawn.querySelectorAll("*"), to = picture.querySelectorAll("*");
    document.documentElement.classList.add("plain");  // dark ink, whatever the screen: it will lie on paper
    from.forEach((element, i) => {  // a file has no style sheet of its own
      const style = getComputedStyle(element);
      for (const key of ["fill", "stroke", "opacity", "font"]) if (!to[i].hasAttribute("transform")) to[i].style.setProperty(key, style.getPropertyValue(key));
    });
    document.documentElement.classList.remove("plain");
    picture.querySelectorAll(".at, .base").forEach((element) => element.remove());
    text = new XMLSerializer().serializeToString(picture); name = "importance.svg";
  }
  const link = html("a", "", { download: name, href: URL.createObjectURL(new Blob([text], { type: "text/plain" })) });
  link.click();
  URL.revokeObjectURL(link.href);
}

async function take(file) {
  if (file.size > 2 << 20) return say("this file has more than 2 MB: send it in parts", true);
  $("sequences").value = await file.text();
}
function example() {
  const run = runOf($("run").value);
  let seed = 7, letters = "";
  const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
  while (letters.length < run.length) letters += "ACGT"[Math.floor(random() * 4)];
  const site = "TGGCCACCAGGGGGCGCTA", at = Math.floor((run.length - site.length) / 2);
  $("sequences").value = `>random with a CTCF site\n${letters.slice(0, at)}${site}${letters.slice(at + site.length)}\n`;
}

async function begin() {
  try {
    const answer = await fetch("/api/runs");
    site = await answer.json();
  } catch { return say("the server does not answer", true); }
  fill($("run"), site.runs.map((run) => run.name));
  runChanged();
  $("run").addEventListener("change", runChanged);
  $("method").addEventListener("change", () => { $("method").dataset.touched = "yes"; if (chosen) explain(); });
  $("task").addEventListener("change", () => { if (chosen) choose(chosen.row, $("task").value); });
  $("other").addEventListener("change", () => { if (chosen) { chosen.base = null; explain(); } });
  $("form").addEventListener("submit", predict);
  $("cancel").addEventListener("click", () => running && running.abort());
  $("example").addEventListener("click", example);
  $("undo").addEventListener("click", () => { chosen.letters = chosen.original; explain(); });
  $("fetch").addEventListener("click", async () => {
    try {
      const found = await post("/api/locus", { run: $("run").value, locus: $("locus").value });
      $("sequences").value = `>${found.name}\n${found.letters}\n`; say("");
    } catch (error) { say(error.message, true); }
  });
  document.querySelectorAll("[data-save]").forEach((button) => button.addEventListener("click", () => save(button.dataset.save)));
  const area = $("sequences");
  area.addEventListener("dragover", (event) => { event.preventDefault(); area.classList.add("over"); });
  area.addEventListener("dragleave", () => area.classList.remove("over"));
  area.addEventListener("drop", (event) => {
    area.classList.remove("over");
    if (event.dataTransfer.files.length) { event.preventDefault(); take(event.dataTransfer.files[0]); }
  });
}
begin();
