// Rich shows text with marks: lists, tables, code and links. The server makes HTML of it, in
// which nothing is that does something (services/ui-web/markdown).

const MOST = 100000; // characters

// rich are the nodes of HTML that this page's server made. No script of a document that was
// parsed runs, and the policy of the page lets none of it in.
export function rich(html) {
  if (typeof html !== "string" || !html || html.length > MOST) return undefined;
  const body = new DOMParser().parseFromString(html, "text/html").body;
  for (const wide of body.querySelectorAll("pre, table")) wide.tabIndex = 0; // it scrolls, also by the keyboard
  return [...body.childNodes];
}
