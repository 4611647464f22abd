// Observations of one category: the newest of each kind as buttons, the course of the chosen one as a chart.
import { courseChart } from "../chart.js";
import { el, empty, tag } from "../dom.js";
import { failure } from "../record.js";
import { code, day, label, quantity } from "../words.js";

const FLAGS = { H: "High", HH: "Very high", L: "Low", LL: "Very low", A: "Abnormal" };

export function readings({ id, title, category, first, nothing }) {
  return {
    id, title, wide: true,
    load: async (record) => {
      const { matches } = await record.search("Observation", { category, _sort: "-date", _count: "100" }, 1);
      return kinds(matches);
    },
    render: (found, record) => found.length ? browser(found, record, first) : nothing && empty(nothing),
  };
}

/** The newest observation of each kind, in the order in which they were found. */
function kinds(observations) {
  const newest = new Map();
  for (const each of observations) {
    if ((each.valueQuantity || each.component) && code(each.code) && !newest.has(code(each.code))) newest.set(code(each.code), each);
  }
  return [...newest.values()];
}

function browser(found, record, first) {
  const place = el("div", { className: "course", "aria-live": "polite" });
  const tiles = found.map((each) => tile(each, () => choose(each)));
  const start = Math.max(0, found.findIndex((each) => code(each.code) === first));

  async function choose(observation) {
    for (const each of tiles) each.setAttribute("aria-pressed", String(each.dataset.code === code(observation.code)));
    try {
      const { matches } = await record.search("Observation", { code: token(observation.code), _sort: "-date", _count: "50" });
      place.replaceChildren(course(observation, matches));
    } catch (problem) {
      place.replaceChildren(empty(failure(problem) === "not-shared" ? "Not shared with the app." : "The course could not be loaded."));
    }
  }

  choose(found[start]);
  return [el("div", { className: "tiles", role: "group", "aria-label": "Choose a reading" }, tiles), place];
}

function token(concept) {
  const { system, code: value } = concept.coding[0];
  return system ? `${system}|${value}` : value;
}

function tile(observation, choose) {
  const flag = FLAGS[code(observation.interpretation?.[0])];
  return el("button", { type: "button", className: "tile", "aria-pressed": "false", "data-code": code(observation.code), onclick: choose },
    el("span", { className: "tile-name" }, label(observation.code)),
    el("span", { className: "tile-value" }, valueText(observation)),
    el("span", { className: "tile-date" }, day(observation.effectiveDateTime), flag ? [" ", tag(flag, "warn")] : []));
}

function valueText(observation) {
  if (observation.valueQuantity) return quantity(observation.valueQuantity);
  const parts = observation.component.map((each) => each.valueQuantity).filter(Boolean);
  return `${parts.map((each) => each.value).join(" / ")} ${parts[0]?.unit ?? ""}`.trim();
}

function course(observation, matches) {
  const oldestFirst = matches.filter((each) => each.effectiveDateTime).reverse();
  const unit = observation.valueQuantity?.unit ?? observation.component?.[0]?.valueQuantity?.unit ?? "";
  const bounds = observation.referenceRange?.[0];
  return courseChart({
    title: label(observation.code), unit, lines: lines(observation, oldestFirst),
    bounds: bounds && observation.valueQuantity ? { low: bounds.low?.value, high: bounds.high?.value } : null,
  });
}

function lines(observation, series) {
  if (observation.valueQuantity) {
    return [{ name: label(observation.code), points: points(series, (each) => each.valueQuantity) }];
  }
  return observation.component.filter((each) => each.valueQuantity).map((component) => ({
    name: label(component.code),
    points: points(series, (each) => each.component?.find((other) => code(other.code) === code(component.code))?.valueQuantity),
  }));
}

function points(series, pick) {
  return series.filter((each) => pick(each)?.value !== undefined)
    .map((each) => ({ when: each.effectiveDateTime, value: pick(each).value }));
}
