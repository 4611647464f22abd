// Documents: the list first, a text when it is opened. Only plain text is shown; nothing is run.
import { el, empty, entries, tag } from "../dom.js";
import { day, isRestricted, label } from "../words.js";

export const documents = {
  id: "documents", title: "Documents",
  load: (record) => record.search("DocumentReference", { _sort: "-date", _count: "50" }),
  render: ({ matches }, record) => matches.length
    ? entries(matches.map((each) => entry(each, record)), "documents-list")
    : empty("There are no documents."),
};

function entry(document, record) {
  const attachment = document.content?.[0]?.attachment ?? {};
  return {
    title: attachment.title ?? label(document.type),
    tags: isRestricted(document) ? [tag("Private")] : [],
    lines: [[day(document.date), document.author?.[0]?.display].filter(Boolean).join(" · ")],
    extra: attachment.url || attachment.data ? opener(attachment, record) : null,
  };
}

function opener(attachment, record) {
  const text = el("pre", { hidden: true, tabIndex: 0 });
  const button = el("button", { type: "button", className: "secondary", "aria-expanded": "false", onclick: toggle }, "Open");

  async function toggle() {
    if (!text.textContent) {
      button.disabled = true;
      text.textContent = await contentOf(attachment, record).catch(() => "The text could not be loaded.");
      button.disabled = false;
    }
    text.hidden = !text.hidden;
    button.textContent = text.hidden ? "Open" : "Close";
    button.setAttribute("aria-expanded", String(!text.hidden));
  }

  return el("div", {}, button, text);
}

async function contentOf(attachment, record) {
  const { contentType, data } = attachment.data ? attachment : await record.read(attachment.url);
  if (!/^text\/plain/.test(contentType ?? "")) return `This document is of the kind ${contentType ?? "unknown"}; ask the clinic for a copy.`;
  const bytes = Uint8Array.from(atob(data ?? ""), (character) => character.charCodeAt(0));
  return new TextDecoder().decode(bytes);
}
