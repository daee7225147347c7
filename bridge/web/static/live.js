// Keeps the page fresh: asks for the part that may have changed with the tag of what it shows, mostly answered 304.
const region = document.querySelector("[data-live]");
const connection = document.querySelector("[data-connection]");
const word = document.querySelector("[data-connection-word]");

function connected(yes) {
  connection.hidden = false;
  connection.classList.toggle("lost", !yes);
  word.textContent = yes ? "live" : "no connection";
}

async function look() {
  if (document.hidden) return;
  try {
    const reply = await fetch(region.dataset.live, { headers: { "If-None-Match": `"${region.dataset.tag}"` } });
    if (reply.status === 200) {
      region.dataset.tag = reply.headers.get("etag").replaceAll('"', "");
      region.innerHTML = await reply.text();
    }
    connected(reply.status === 200 || reply.status === 304);
  } catch {
    connected(false);
  }
}

async function watch() {
  await look();
  setTimeout(watch, 1500);
}

watch();
