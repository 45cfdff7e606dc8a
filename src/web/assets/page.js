// Refreshes the status page in place, keeping scroll position, focus and expanded sections.
// Served as /assets/page.js; embedded by scripts/embed_assets.ts.

const refreshMs = 2000;
const answerMsMax = 5000;

const live = document.getElementById("live");
const connection = document.getElementById("connection");
const pause = document.getElementById("pause");

let isPaused = false;
let lastRefreshAt = new Date();

pause.hidden = false;
pause.addEventListener("click", () => {
  isPaused = !isPaused;
  pause.setAttribute("aria-pressed", String(isPaused));
  pause.textContent = isPaused ? "Go on" : "Pause";
  if (!isPaused) refresh();
});

document.addEventListener("visibilitychange", () => {
  if (!document.hidden && !isPaused) refresh();
});

let isAsking = false;

async function refresh() {
  if (isAsking) return;
  isAsking = true;
  try {
    const answer = await fetch(`/fragment${location.search}`, { signal: AbortSignal.timeout(answerMsMax) });
    if (!answer.ok) throw new Error(`the server answers ${answer.status}`);
    show(new DOMParser().parseFromString(await answer.text(), "text/html"));
    lastRefreshAt = new Date();
    tellConnection("");
  } catch {
    tellConnection(`Connection lost: this is the picture of ${lastRefreshAt.toLocaleTimeString()}. Trying again.`);
  } finally {
    isAsking = false;
  }
}

function show(fresh) {
  const main = fresh.getElementById("live");
  if (main === null) throw new Error("the answer is no status page");
  morphChildren(live, main);
  document.title = fresh.title;
}

function tellConnection(text) {
  if (connection.textContent !== text) connection.textContent = text;
  connection.hidden = text === "";
  document.body.classList.toggle("lost", text !== "");
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
  while (at !== null) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

function morph(from, to) {
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

setInterval(() => {
  if (!isPaused && !document.hidden) refresh();
}, refreshMs);
