// Whose record this is.
import { el } from "./dom.js";
import { age, day, label, officialName } from "./words.js";

export function heading(patient) {
  if (!patient) {
    return el("div", { className: "person" },
      el("h1", { id: "patient-name" }, "Your record"),
      el("p", { className: "quiet-line" }, "Name and date of birth were not shared with this app."));
  }
  const number = patient.identifier?.find((each) => each.type?.coding?.[0]?.code === "MR") ?? patient.identifier?.[0];
  const facts = [
    ["Born", `${day(patient.birthDate)} (${age(patient.birthDate)})`, "patient-birth"],
    ["Sex", patient.gender, "patient-gender"],
    ["Record number", number?.value, "patient-number"],
    ["Doctor", patient.generalPractitioner?.[0]?.display, "patient-doctor"],
    ["Language", patient.communication?.[0] && label(patient.communication[0].language), "patient-language"],
  ].filter(([, value]) => value);
  return el("div", { className: "person" },
    el("p", { className: "eyebrow" }, "Health record of"),
    el("h1", { id: "patient-name" }, officialName(patient)),
    el("dl", { className: "facts" }, facts.map(([term, value, id]) =>
      el("div", {}, el("dt", {}, term), el("dd", { id }, value)))));
}
