// How FHIR values read to a patient.

/** A CodeableConcept in words. */
export function label(concept, fallback = "Not named") {
  return concept?.text || concept?.coding?.find((coding) => coding.display)?.display
    || concept?.coding?.[0]?.code || fallback;
}

export function code(concept) {
  return concept?.coding?.[0]?.code;
}

export function name(humanName) {
  if (!humanName) return "Unnamed";
  return humanName.text || [...(humanName.given ?? []), humanName.family].filter(Boolean).join(" ");
}

export function officialName(patient) {
  const names = patient?.name ?? [];
  return name(names.find((each) => each.use === "official") ?? names[0]);
}

export function quantity(value) {
  return value?.value === undefined ? "" : `${value.value} ${value.unit ?? value.code ?? ""}`.trim();
}

export function money(value) {
  return new Intl.NumberFormat("en-US", { style: "currency", currency: value?.currency ?? "USD" })
    .format(value?.value ?? 0);
}

/** Age in years, in months below two years. */
export function age(birthDate, now = new Date()) {
  if (!birthDate) return "";
  const [year, month = 1, day = 1] = birthDate.split("-").map(Number);
  const months = (now.getFullYear() - year) * 12 + now.getMonth() + 1 - month - (now.getDate() < day ? 1 : 0);
  return months < 24 ? `${months} months` : `${Math.floor(months / 12)} years`;
}

const DATE = new Intl.DateTimeFormat("en-US", { dateStyle: "medium", timeZone: "UTC" });
const TIME = new Intl.DateTimeFormat("en-US", { timeStyle: "short", timeZone: "UTC" });
const WEEKDAY = new Intl.DateTimeFormat("en-US", { weekday: "long", timeZone: "UTC" });

/** A FHIR date or dateTime as it reads on the wall where it was written, whatever zone this is. */
function wallClock(text) {
  const [, year, month = "01", day = "01", hour = "00", minute = "00"] =
    /^(\d{4})(?:-(\d\d))?(?:-(\d\d))?(?:T(\d\d):(\d\d))?/.exec(text) ?? [];
  return year === undefined ? null : new Date(Date.UTC(+year, +month - 1, +day, +hour, +minute));
}

export function day(text) {
  if (!text) return "";
  if (text.length < 10) return text;
  const moment = wallClock(text);
  return moment ? DATE.format(moment) : text;
}

export function dayAndTime(text) {
  const moment = text ? wallClock(text) : null;
  return moment ? `${WEEKDAY.format(moment)}, ${DATE.format(moment)}, ${TIME.format(moment)}` : "";
}

export function instant(text) {
  return wallClock(text)?.getTime() ?? Number.NaN;
}

export function dayOf(milliseconds) {
  return DATE.format(new Date(milliseconds));
}

export function isRestricted(resource) {
  return (resource.meta?.security ?? []).some((each) => each.code === "R" || each.code === "V");
}
