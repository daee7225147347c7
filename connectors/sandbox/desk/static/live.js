// Keeps the page fresh: about twice a second it asks for the part that may have changed, with the tag of what
// it shows; the desk mostly answers 304. What changed is lit up shortly and told to screen readers.
const region = document.querySelector("[data-live]");
const teller = document.querySelector("[data-teller]");
const connection = document.querySelector("[data-connection]");
const word = document.querySelector("[data-connection-word]");

function states() {
  const found = new Map();
  for (const part of region.querySelectorAll("[data-key]")) found.set(part.dataset.key, part.dataset.state);
  return found;
}

function show(html) {
  const before = states();
  const focused = region.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  region.innerHTML = html;
  if (focused) region.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  const told = [];
  for (const part of region.querySelectorAll("[data-key]")) {
    if (before.get(part.dataset.key) === part.dataset.state) continue;
    part.classList.add("changed");
    if (part.dataset.tell && part.dataset.state) told.push(part.dataset.tell);
  }
  if (told.length) teller.textContent = told.slice(0, 3).join(". ");
  const label = region.querySelector("[data-label]")?.dataset.label;
  const choice = document.querySelector("[data-follows-label]");
  if (label && choice && choice !== document.activeElement) choice.value = label;
}

function connected(yes) {
  connection.hidden = false;
  connection.classList.toggle("lost", !yes);
  word.textContent = yes ? "live" : "no connection";
}

async function look() {
  if (document.hidden) return;
  try {
    const reply = await fetch(region.dataset.live, { headers: { "If-None-Match": region.dataset.tag } });
    if (reply.status === 200) {
      region.dataset.tag = reply.headers.get("etag");
      show(await reply.text());
    }
    connected(reply.status === 200 || reply.status === 304);
  } catch {
    connected(false);
  }
}

async function watch() {
  await look();
  setTimeout(watch, 600);
}

if (region) watch();
