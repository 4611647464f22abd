// A section of the record: its place on the page, its loading, and its failing quietly by itself.
import { el } from "./dom.js";
import { failure } from "./record.js";

const NOTICES = {
  "not-shared": "You did not share this part with the app.",
  "signed-out": "Your session has ended. Please sign in again.",
  failed: "This part could not be loaded just now.",
};

/**
 * The `<section>` of `{ id, title, load(record), render(data, record) }`; `data-state` tells how it stands.
 * One that renders nothing is hidden.
 */
export function mount(section, record) {
  const body = el("div", { className: "body" });
  const node = el("section", { id: section.id, className: `card ${section.wide ? "wide" : ""}`,
    "aria-labelledby": `${section.id}-title`, "data-state": "loading" },
    el("h2", { id: `${section.id}-title` }, section.title), body);
  fill(section, record, node, body);
  return node;
}

async function fill(section, record, node, body) {
  node.dataset.state = "loading";
  body.replaceChildren(el("p", { className: "loading" }, "Loading …"));
  try {
    const content = [section.render(await section.load(record), record)].flat(Infinity).filter(Boolean);
    body.replaceChildren(...content);
    node.dataset.state = "ready";
    node.hidden = content.length === 0;
  } catch (problem) {
    const kind = failure(problem);
    if (kind === "failed") console.error(section.id, problem?.message);
    node.dataset.state = kind;
    body.replaceChildren(el("p", { className: "notice", role: "status" }, NOTICES[kind]),
      ...(kind === "failed"
        ? [el("button", { type: "button", className: "secondary", onclick: () => fill(section, record, node, body) }, "Try again")]
        : []));
  }
}

/** Several searches of one section: those that were not shared are simply empty, unless all were. */
export async function together(...searches) {
  const results = await Promise.allSettled(searches);
  const failed = results.filter((each) => each.status === "rejected");
  const serious = failed.find((each) => failure(each.reason) !== "not-shared");
  if (serious) throw serious.reason;
  if (failed.length === results.length) throw failed[0].reason;
  return results.map((each) => each.value?.matches ?? []);
}
