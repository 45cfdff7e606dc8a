// Keeps the status page up to date in place, with scroll position, focus and expanded sections: by server-sent events, or
// where those fail by asking again and again. Served as /assets/page.js; embedded by scripts/embed_assets.ts.

const askMs = 5000;
const answerMsMax = 5000;
/** The server says something every two seconds. */
const silenceMsMax = 10_000;
const streamAgainMs = 30_000;

const live = document.getElementById("live");
const connection = document.getElementById("connection");
const news = document.getElementById("news");
const pause = document.getElementById("pause");
const pausedAt = document.getElementById("paused-at");

/** The pieces of each part that has changed since the document, as the server has sent them. */
const parts = new Map();
/** Of the page that is shown; empty: unknown. */
let version = live.dataset.version;
let stream;
let isPaused = false;
/** What waits until the page has been updated again. */
let whenShown = [];
let isAsking = false;
let heardAt = Date.now();
let pictureAt = new Date();
let streamFailedAt = -Infinity;

pause.hidden = false;
pause.addEventListener("click", () => {
  isPaused = !isPaused;
  pause.setAttribute("aria-pressed", String(isPaused));
  pause.textContent = isPaused ? "Paused: continue" : "Pause updates";
  pausedAt.textContent = isPaused ? `as of ${live.querySelector("time[data-now]").textContent}` : "";
  follow();
});
// A choice of the search applies at once; what is typed does with Enter.
live.addEventListener("change", ({ target }) => {
  if (target.matches(".search select")) target.form.requestSubmit();
});
document.addEventListener("visibilitychange", follow);
// What a command has changed is shown before its answer.
document.addEventListener("acted", ({ detail: shown }) => {
  if (isPaused) return shown();
  whenShown.push(shown);
  follow();
});
addEventListener("pagehide", () => stream?.close());

/** Follows the server while somebody looks. */
function follow() {
  stream?.close();
  stream = undefined;
  if (isPaused || document.hidden) return;
  heardAt = Date.now();
  if (Date.now() - streamFailedAt < streamAgainMs) return ask();
  const from = `${location.search === "" ? "?" : "&"}from=${version}`;
  const opened = new EventSource(`/events${location.search}${from}`);
  stream = opened;
  stream.addEventListener("tick", (event) => {
    heard(Number(event.data));
    tellShown();
  });
  stream.addEventListener("update", async ({ data, lastEventId }) => {
    await update(JSON.parse(data), lastEventId);
    // An earlier stream may have sent what was before a command.
    if (stream === opened) tellShown();
  });
  stream.addEventListener("error", () => {
    tellLost();
    // It has given up: there are too many readers, or something in between does not let a stream pass.
    if (stream?.readyState === EventSource.CLOSED) streamFailedAt = Date.now();
  });
}

setInterval(() => {
  if (isPaused || document.hidden) return;
  const isStreaming = stream !== undefined && stream.readyState !== EventSource.CLOSED;
  if (isStreaming && Date.now() - heardAt > silenceMsMax) {
    tellLost();
    follow();
  } else if (!isStreaming) {
    if (Date.now() - streamFailedAt >= streamAgainMs) follow();
    else ask();
  }
}, askMs);

/**
 * Applies what has changed. It is taken apart with pauses, so that no task of the browser takes long, and shown at once,
 * because all parts are of one moment.
 */
async function update({ at, title, whole = false, parts: changes }, newVersion) {
  if (whole) parts.clear();
  const ids = Object.keys(changes);
  const had = whole ? [] : ids.map(piecesOf);
  // Something else has changed the document, or it has names that look like markup: all of it is needed.
  if (had.includes(undefined)) {
    version = "";
    return follow();
  }
  version = newVersion;
  if (title !== undefined) document.title = title;
  const before = knownProblems();
  ids.forEach((id, index) => {
    const old = had[index];
    parts.set(
      id,
      changes[id].flatMap((each) => typeof each === "string" ? [each] : old.slice(each[0], each[0] + each[1])),
    );
  });
  const fresh = [];
  for (const id of ids) {
    const pieces = parts.get(id);
    const parsed = new DOMParser().parseFromString(`<main>${pieces.join("")}</main>`, "text/html");
    fillTimes(parsed, at);
    fresh.push([id, pieces, parsed.querySelector("main")]);
    await pauseOfTask();
  }
  for (const [id, pieces, main] of fresh) {
    const part = partOf(id);
    // A later message may have come meanwhile.
    if (part !== null && parts.get(id) === pieces) morphChildren(part, main);
  }
  heard(at);
  tellNews(before);
}

function pauseOfTask() {
  return new Promise((resolve) => setTimeout(resolve));
}

function partOf(id) {
  return live.querySelector(`:scope > [data-part="${id}"]`);
}

/** The pieces of a part, taken from the document if it was not sent since; `undefined`: they are not those of the server. */
function piecesOf(id) {
  const sent = parts.get(id);
  if (sent !== undefined) return sent;
  const part = partOf(id);
  const markup = part?.innerHTML ?? "";
  // As src/web/changes.ts has it.
  const pieces = markup === "" ? [] : markup.split(/(?=<(?:tr|td|li|dd|dt|p|div|svg|rect|section|details|option)\b)/);
  return String(pieces.length) === part?.dataset.pieces ? pieces : undefined;
}

function heard(at) {
  heardAt = Date.now();
  pictureAt = new Date();
  fillTimes(document, at);
  tellConnection("");
}

function tellShown() {
  const all = whenShown;
  whenShown = [];
  for (const shown of all) shown();
}

async function ask() {
  if (isAsking) return;
  isAsking = true;
  try {
    const answer = await fetch(`/fragment${location.search}`, { signal: AbortSignal.timeout(answerMsMax) });
    if (!answer.ok) throw new Error(`the server answers ${answer.status}`);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const main = fresh.getElementById("live");
    if (main === null) throw new Error("the answer is no status page");
    const before = knownProblems();
    fillTimes(main, Date.parse(main.querySelector("time[data-now]").dateTime));
    morphChildren(live, main);
    parts.clear();
    version = main.dataset.version;
    document.title = fresh.title;
    pictureAt = new Date();
    tellConnection("");
    tellNews(before);
    tellShown();
  } catch {
    tellLost();
  } finally {
    isAsking = false;
  }
}

function tellLost() {
  tellConnection(
    `Connection lost: this is the picture of ${pictureAt.toISOString().replace(/\.\d+Z$/, "Z")}. Trying again.`,
  );
}

function tellConnection(text) {
  if (connection.textContent !== text) connection.textContent = text;
  connection.hidden = text === "";
  document.body.classList.toggle("lost", text !== "");
}

function knownProblems() {
  const items = live.querySelectorAll("#problems > ul > li, #health li");
  return new Map([...items].map((item) => [item.dataset.key ?? item.textContent, item]));
}

/** Tells screen readers which problems are new, and when there is none any more; nothing else. */
function tellNews(before) {
  const now = knownProblems();
  const fresh = [...now].filter(([key]) => !before.has(key)).map(([, item]) =>
    (item.querySelector("strong") ?? item).textContent.trim()
  );
  if (fresh.length > 0) news.textContent = `New: ${fresh.slice(0, 3).join(". ")}`;
  else if (before.size > 0 && now.size === 0) news.textContent = "No problem any more";
}

/** The texts of ages and of times to come, and the lengths of lives that go on, as of the server's moment. */
function fillTimes(root, at) {
  for (const life of root.querySelectorAll("svg.life[data-since]")) fillLife(life, at);
  for (const time of root.querySelectorAll("time[data-ago], time[data-until], time[data-now]")) {
    const text = textOfTime(time, at);
    if (time.textContent !== text) time.textContent = text;
  }
}

/** As src/web/life_line.ts has it. */
function fillLife(life, at) {
  const lasted = Math.max(0, Math.round((at - Date.parse(life.dataset.since)) / 1000));
  const shown = Number(life.getAttribute("viewBox").split(" ")[2]);
  // It would look the same, and there may be hundreds.
  if (lasted >= shown && lasted < 1.005 * shown) return;
  const viewBox = `0 0 ${Math.max(1, lasted)} 8`;
  if (life.getAttribute("viewBox") !== viewBox) life.setAttribute("viewBox", viewBox);
  const last = life.querySelector("[data-grows]");
  const width = String(Math.max(0, lasted - Number(last?.getAttribute("x"))));
  if (last !== null && last.getAttribute("width") !== width) last.setAttribute("width", width);
}

function textOfTime(time, at) {
  if (time.dataset.now !== undefined) return new Date(at).toISOString().replace(/\.\d+Z$/, "Z");
  const then = Date.parse(time.dateTime);
  if (time.dataset.ago !== undefined) return spanText(at - then);
  return then <= at ? "now" : `in ${spanText(then - at)}`;
}

/** As src/web/wording.ts has it. */
function spanText(ms) {
  const units = [[86_400_000, "d", 3_600_000, "h"], [3_600_000, "h", 60_000, "min"], [60_000, "min", 1_000, "s"]];
  if (!(ms >= 1_000)) return "0 s";
  const [large, name, small, smallName] = units.find(([size]) => ms >= size) ?? [1_000, "s", 1_000, ""];
  const rest = Math.floor((ms % large) / small);
  const head = `${Math.floor(ms / large)} ${name}`;
  return smallName === "" || rest === 0 || (name === "min" && ms >= 600_000) ? head : `${head} ${rest} ${smallName}`;
}

/** Makes the children of one element those of another, reusing what has the same key or the same kind. */
function morphChildren(from, to) {
  const keyed = new Map();
  for (const child of from.children) {
    if (child.dataset.key !== undefined) keyed.set(child.dataset.key, child);
  }
  let at = from.firstChild;
  for (const wanted of [...to.childNodes]) {
    const key = keyOf(wanted);
    const found = key === undefined ? (isAlike(at, wanted) ? at : null) : keyed.get(key) ?? null;
    if (found === null || !isAlike(found, wanted)) {
      from.insertBefore(document.importNode(wanted, true), at);
      continue;
    }
    keyed.delete(key);
    if (found === at) at = at.nextSibling;
    else from.insertBefore(found, at);
    morph(found, wanted);
  }
  let hadFocus = false;
  while (at !== null) {
    const next = at.nextSibling;
    hadFocus ||= at.contains(document.activeElement);
    at.remove();
    at = next;
  }
  // A button that is replaced by another, e.g. Freeze by Resume, leaves the focus beside it.
  if (hadFocus) (from.querySelector("button, a[href], summary") ?? live).focus({ preventScroll: true });
}

function morph(from, to) {
  if (from.isEqualNode(to)) return;
  if (from.nodeType !== Node.ELEMENT_NODE) {
    if (from.nodeValue !== to.nodeValue) from.nodeValue = to.nodeValue;
    return;
  }
  for (const { name, value } of to.attributes) {
    if (from.getAttribute(name) !== value) from.setAttribute(name, value);
  }
  for (const { name } of [...from.attributes]) {
    // Keep what the reader has expanded.
    if (!to.hasAttribute(name) && name !== "open") from.removeAttribute(name);
  }
  morphChildren(from, to);
}

function isAlike(from, to) {
  return from !== null && from.nodeName === to.nodeName && keyOf(from) === keyOf(to);
}

function keyOf(node) {
  return node.nodeType === Node.ELEMENT_NODE ? node.dataset.key : undefined;
}

follow();
