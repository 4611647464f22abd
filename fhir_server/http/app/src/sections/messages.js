// Messages as threads: a message belongs to the thread of the one that it answers.
import { el, empty, tag } from "../dom.js";
import { dayAndTime, label } from "../words.js";

export const messages = {
  id: "messages", title: "Messages",
  load: (record) => record.search("Communication", { _sort: "-sent", _count: "50" }),
  render: ({ matches }, record) => matches.length
    ? el("div", { className: "threads", "data-testid": "threads" }, threads(matches).map((each) => thread(each, record.reference)))
    : empty("There are no messages."),
};

/** Newest thread first, each with its messages oldest first. */
function threads(communications) {
  const byReference = new Map(communications.map((each) => [`Communication/${each.id}`, each]));
  const gathered = new Map();
  for (const each of communications) {
    const root = rootOf(each, byReference);
    gathered.set(root, [each, ...(gathered.get(root) ?? [])]);
  }
  return [...gathered.values()];
}

function rootOf(message, byReference) {
  const passed = new Set();
  let current = message;
  while (!passed.has(current)) {
    passed.add(current);
    const answered = byReference.get(current.inResponseTo?.[0]?.reference);
    if (!answered) break;
    current = answered;
  }
  return current.id;
}

function thread(list, patient) {
  const unread = list.filter((each) => !each.received && each.sender?.reference !== patient).length;
  const last = list[list.length - 1];
  return el("details", { className: "thread", open: unread > 0 },
    el("summary", {},
      el("span", { className: "entry-title" }, label(last.topic, "Message")),
      el("span", { className: "quiet-line" }, ` ${list.length} ${list.length === 1 ? "message" : "messages"} `),
      unread ? tag(`${unread} new`, "ask") : null),
    el("ol", {}, list.map((each) => bubble(each, patient))));
}

function bubble(message, patient) {
  const mine = message.sender?.reference === patient;
  return el("li", { className: mine ? "mine" : "theirs" },
    el("p", { className: "quiet-line" }, el("strong", {}, mine ? "You" : message.sender?.display ?? "The clinic"), ` · ${dayAndTime(message.sent)}`),
    (message.payload ?? []).filter((each) => each.contentString).map((each) => el("p", { className: "words" }, each.contentString)));
}
