// The shell of the page, for the time when the server is away: the files it is made of, as
// they were last served. What is said, remembered or measured is never kept.

const SHELL = "tars-shell";
const PATIENCE = 3000; // milliseconds for the server, before what is kept is shown
const AWAY = 10000;    // milliseconds after which it is waited for again

// ours reports whether a request is for a file of the page.
function ours({ method, url }) {
  const at = new URL(url);
  return method === "GET" && at.origin === location.origin && (at.pathname === "/" && !at.searchParams.has("token") || /^\/(texts\/)?[\w-]+\.(js|css|svg|webmanifest)$/.test(at.pathname));
}

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (e) => e.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (e) => { if (ours(e.request)) e.respondWith(fresh(e.request)); });

let away = 0; // until when the server is taken to be away, so that not each file waits for it

// fresh is what the server says now; else what it said last.
async function fresh(request) {
  const key = new URL(request.url).pathname, shell = await caches.open(SHELL);
  const kept = await shell.match(key);
  const asked = fetch(request).then(async (r) => {
    away = 0;
    if (r.ok && !r.redirected) await shell.put(key, r.clone());
    if (r.status === 401) await caches.delete(SHELL); // who was logged out keeps nothing
    return r;
  });
  if (!kept) return asked;
  asked.catch(() => {});
  if (Date.now() < away) return kept;
  try {
    return await Promise.race([asked, new Promise((_, late) => setTimeout(late, PATIENCE))]);
  } catch {
    away = Date.now() + AWAY;
    return kept;
  }
}
