// A course over time: a line chart for the eye and the same readings as a table for everybody.
import { Chart, Legend, LinearScale, LineController, LineElement, PointElement, Tooltip } from "chart.js";
import { el } from "./dom.js";
import { day, dayOf, instant } from "./words.js";

Chart.register(Legend, LinearScale, LineController, LineElement, PointElement, Tooltip);

const COLORS = ["#0b5d66", "#a3470f", "#5b3f8c"];

/** `lines`: `[{ name, points: [{ when, value }] }]`, oldest first; `bounds`: `{ low, high }` or null. */
export function courseChart({ title, unit, lines, bounds }) {
  const canvas = el("canvas", { role: "img", "aria-label": `${title}: ${summary(lines, unit)}` });
  const frame = el("div", { className: "chart" }, canvas);
  // Chart.js measures its frame, so the frame has to be on the page first.
  requestAnimationFrame(() => draw(canvas, unit, lines, bounds));
  return el("figure", { "data-testid": "course" },
    el("figcaption", {}, el("strong", {}, title), ` (${unit})`),
    frame, table(title, unit, lines));
}

function summary(lines, unit) {
  return lines.map(({ name, points }) => {
    const first = points[0];
    const last = points[points.length - 1];
    return `${name} from ${first.value} on ${day(first.when)} to ${last.value} ${unit} on ${day(last.when)}`;
  }).join("; ");
}

function draw(canvas, unit, lines, bounds) {
  const style = getComputedStyle(document.body);
  const ink = style.color;
  const small = lines[0].points.length > 40 ? 0 : 3;
  const chart = new Chart(canvas, {
    type: "line",
    data: { datasets: [...lines.map((line, number) => dataset(line, COLORS[number], small)), ...range(lines, bounds)] },
    options: {
      animation: false,
      responsive: true,
      maintainAspectRatio: false,
      interaction: { mode: "nearest", axis: "x", intersect: false },
      scales: {
        x: { type: "linear", min: instant(lines[0].points[0].when), max: instant(lines[0].points.at(-1).when), ticks: { maxTicksLimit: 6, maxRotation: 0, color: ink, callback: (value) => dayOf(value) }, grid: { display: false } },
        y: { ticks: { color: ink, maxTicksLimit: 6 }, grid: { color: "#dde5e6" }, grace: "10%" },
      },
      plugins: {
        legend: { display: lines.length > 1 || bounds !== null, labels: { color: ink, boxHeight: 2, font: { family: style.fontFamily } } },
        tooltip: { callbacks: { title: ([item]) => dayOf(item.parsed.x), label: (item) => `${item.dataset.label}: ${item.parsed.y} ${unit}` } },
      },
    },
  });
  canvas.dataset.points = String(lines[0].points.length);
  new ResizeObserver(() => chart.resize()).observe(canvas.parentElement);
}

function dataset({ name, points }, color, pointRadius) {
  return {
    label: name, borderColor: color, backgroundColor: color, borderWidth: 2, pointRadius, tension: 0.2, clip: 6,
    data: points.map(({ when, value }) => ({ x: instant(when), y: value })),
  };
}

/** The reference range as dashed lines. */
function range(lines, bounds) {
  if (!bounds) return [];
  const points = lines[0].points;
  const ends = [points[0], points[points.length - 1]].map(({ when }) => instant(when));
  return Object.entries(bounds).filter(([, value]) => value !== undefined).map(([name, value]) => ({
    label: name === "high" ? "Upper limit" : "Lower limit", borderColor: "#6b7a7c", backgroundColor: "#6b7a7c",
    borderWidth: 1.5, borderDash: [6, 5], pointRadius: 0, data: ends.map((x) => ({ x, y: value })),
  }));
}

function table(title, unit, lines) {
  const rows = lines[0].points.map((point, number) => el("tr", {},
    el("th", { scope: "row" }, day(point.when)),
    lines.map((line) => el("td", {}, String(line.points[number]?.value ?? ""))))).reverse();
  return el("details", { className: "readings" },
    el("summary", {}, "Show as a table"),
    el("div", { className: "scroll", tabIndex: 0, role: "region", "aria-label": `${title} in ${unit} as a table` },
      el("table", {},
        el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Date"),
          lines.map((line) => el("th", { scope: "col" }, line.name)))),
        el("tbody", {}, rows))));
}
