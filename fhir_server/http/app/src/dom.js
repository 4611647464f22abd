// The page is built from elements and text alone: nothing of a record is ever read as HTML.

/** An element: `properties` are set, `on…` are listeners, `data-…`, `aria-…` and `role` attributes. */
export function el(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (/^(data-|aria-|role$|scope$|colspan$|datetime$|for$)/.test(name)) node.setAttribute(name, String(value));
    else node[name] = value;
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export function tag(text, tone = "plain") {
  return el("span", { className: `tag ${tone}` }, text);
}

/** A list of entries, each with a heading line, tags and quiet lines below. */
export function entries(items, testId) {
  return el("ul", { className: "entries", "data-testid": testId }, items.map((item) =>
    el("li", {},
      el("div", { className: "entry-head" }, el("span", { className: "entry-title" }, item.title), item.tags ?? []),
      (item.lines ?? []).filter(Boolean).map((line) => el("p", { className: "quiet-line" }, line)),
      item.extra)));
}

export function group(title, ...content) {
  return el("div", { className: "group" }, el("h3", {}, title), content);
}

export function empty(text) {
  return el("p", { className: "empty" }, text);
}
