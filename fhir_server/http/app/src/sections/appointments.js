// Appointments: what lies ahead, what was asked for, what is past or cancelled; video visits are marked.
import { el, empty, entries, group, tag } from "../dom.js";
import { code, dayAndTime, day, label } from "../words.js";

const VIDEO = "448337001";

export const appointments = {
  id: "appointments", title: "Appointments",
  load: (record) => record.search("Appointment", { _sort: "-date", _count: "50" }),
  render: ({ matches }) => {
    const now = Date.now();
    const isOver = (each) => !each.start || Date.parse(each.end ?? each.start) < now;
    const gone = new Set(["cancelled", "noshow", "entered-in-error"]);
    const asked = matches.filter((each) => each.status === "proposed" || each.status === "pending");
    const dated = matches.filter((each) => !asked.includes(each));
    const ahead = dated.filter((each) => !isOver(each) && !gone.has(each.status)).reverse();
    const behind = dated.filter((each) => !ahead.includes(each));
    return [
      group("Upcoming", ahead.length ? entries(ahead.map(entry), "appointments-upcoming") : empty("No appointment is booked.")),
      asked.length ? group("Asked for", entries(asked.map(entry), "appointments-asked")) : null,
      behind.length ? el("details", {}, el("summary", {}, `Past and cancelled (${behind.length})`),
        entries(behind.map(entry), "appointments-past")) : null,
    ];
  },
};

function isVideo(appointment) {
  return (appointment.serviceType ?? []).some((each) =>
    each.coding?.some((coding) => coding.code === VIDEO) || /video|telehealth/i.test(each.text ?? ""));
}

function entry(appointment) {
  const others = appointment.participant.map((each) => each.actor).filter((actor) => actor && !actor.reference?.startsWith("Patient/"));
  return {
    title: appointment.description ?? label(appointment.reasonCode?.[0], "Appointment"),
    tags: [
      isVideo(appointment) ? tag("Video visit", "video") : null,
      appointment.status === "cancelled" ? tag("Cancelled", "warn") : null,
      appointment.status === "noshow" ? tag("Missed", "warn") : null,
      appointment.status === "proposed" ? tag("Not confirmed yet", "ask") : null,
    ],
    lines: [
      appointment.start ? dayAndTime(appointment.start) : wish(appointment),
      others.map((actor) => actor.display).filter(Boolean).join(" · "),
      appointment.cancelationReason ? `Reason: ${label(appointment.cancelationReason, code(appointment.cancelationReason))}` : "",
      isVideo(appointment) && appointment.status === "booked" ? appointment.patientInstruction : "",
    ],
  };
}

function wish(appointment) {
  const period = appointment.requestedPeriod?.[0];
  return period ? `Between ${day(period.start)} and ${day(period.end)}` : "No time yet";
}
