// The page is many files and works with all of them only. Where one does not come, as while
// the network changes, the whole page is asked for again.

const RELOAD = 2000; // milliseconds

addEventListener("error", ({ target }) => {
  if (target instanceof HTMLScriptElement || target instanceof HTMLLinkElement) setTimeout(() => location.reload(), RELOAD);
}, true);
