// Medicines: those taken now, a refill that was asked for, those taken without prescription, earlier ones.
import { el, empty, entries, group, tag } from "../dom.js";
import { failure } from "../record.js";
import { day, isRestricted, label } from "../words.js";

export const medicines = {
  id: "medicines", title: "Medicines",
  load: async (record) => {
    const [orders, own] = await Promise.all([
      record.search("MedicationRequest", { _sort: "-authoredon", _count: "50", _include: "MedicationRequest:medication" }),
      record.search("MedicationStatement", { _count: "50" }).catch((problem) => {
        if (failure(problem) === "not-shared") return { matches: [], included: new Map() };
        throw problem;
      }),
    ]);
    return { orders, own };
  },
  render: ({ orders, own }) => {
    const asked = orders.matches.filter((each) => each.priorPrescription && ["draft", "on-hold"].includes(each.status));
    const refills = new Map(asked.map((each) => [each.priorPrescription.reference, each]));
    const rest = orders.matches.filter((each) => !asked.includes(each));
    const active = rest.filter((each) => ["active", "on-hold"].includes(each.status));
    const earlier = rest.filter((each) => !active.includes(each));
    const entry = (each) => describe(each, nameOf(each, orders.included), refills.get(`MedicationRequest/${each.id}`));
    return [
      group("Taken now", active.length ? entries(active.map(entry), "medicines-active") : empty("No medicines are prescribed.")),
      own.matches.length ? group("Taken on your own", entries(own.matches.map((each) => ({
        title: nameOf(each, own.included), lines: [each.dosage?.[0]?.text, each.note?.[0]?.text],
      })), "medicines-own")) : null,
      earlier.length ? el("details", {}, el("summary", {}, `Earlier medicines (${earlier.length})`),
        entries(earlier.map(entry), "medicines-earlier")) : null,
    ];
  },
};

function nameOf(resource, included) {
  const reference = resource.medicationReference;
  return resource.medicationCodeableConcept
    ? label(resource.medicationCodeableConcept)
    : label(included.get(reference?.reference)?.code, reference?.display ?? "Medicine");
}

function describe(order, title, refill) {
  return {
    title,
    tags: [
      refill ? tag("Refill asked for", "ask") : null,
      order.status === "stopped" ? tag("Stopped", "warn") : null,
      order.status === "completed" ? tag("Finished") : null,
      isRestricted(order) ? tag("Private") : null,
    ],
    lines: [
      order.dosageInstruction?.[0]?.text,
      order.statusReason ? `Why: ${label(order.statusReason)}` : "",
      refill ? `Refill asked for on ${day(refill.authoredOn)}, not answered yet` : "",
      [`Prescribed ${day(order.authoredOn)}`, order.requester?.display].filter(Boolean).join(" by "),
    ],
  };
}
