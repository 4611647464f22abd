// The plain lists: conditions, allergies, vaccines.
import { el, empty, entries, tag } from "../dom.js";
import { code, day, isRestricted, label } from "../words.js";

export const conditions = {
  id: "conditions", title: "Conditions",
  load: (record) => record.search("Condition", { _sort: "-recorded-date", _count: "50" }),
  render: ({ matches }) => {
    const over = (each) => ["resolved", "inactive", "remission"].includes(code(each.clinicalStatus));
    const current = matches.filter((each) => !over(each));
    const past = matches.filter(over);
    return [
      current.length ? entries(current.map(conditionEntry), "conditions-active") : empty("No conditions are noted."),
      past.length ? el("details", {}, el("summary", {}, `Past (${past.length})`), entries(past.map(conditionEntry), "conditions-past")) : null,
    ];
  },
};

function conditionEntry(condition) {
  const until = condition.abatementDateTime ? ` until ${day(condition.abatementDateTime)}` : "";
  return {
    title: label(condition.code),
    tags: isRestricted(condition) ? [tag("Private")] : [],
    lines: [condition.onsetDateTime ? `Since ${day(condition.onsetDateTime)}${until}` : "", condition.note?.[0]?.text],
  };
}

export const allergies = {
  id: "allergies", title: "Allergies",
  load: (record) => record.search("AllergyIntolerance", { _count: "50" }),
  render: ({ matches }) => matches.length ? entries(matches.map((each) => ({
    title: label(each.code),
    tags: each.criticality === "high" ? [tag("Severe", "warn")] : [],
    lines: [(each.reaction ?? []).flatMap((reaction) => reaction.manifestation).map((sign) => label(sign)).join(", ")],
  })), "allergies-list") : empty("No allergies are noted."),
};

export const immunizations = {
  id: "immunizations", title: "Vaccines",
  load: (record) => record.search("Immunization", { _sort: "-date", _count: "50" }),
  render: ({ matches }) => {
    const rows = matches.map((each) => ({ title: label(each.vaccineCode), lines: [day(each.occurrenceDateTime)] }));
    if (!rows.length) return empty("No vaccines are noted.");
    return [
      entries(rows.slice(0, 5), "immunizations-list"),
      rows.length > 5 ? el("details", {}, el("summary", {}, `Earlier (${rows.length - 5})`), entries(rows.slice(5), "immunizations-earlier")) : null,
    ];
  },
};
