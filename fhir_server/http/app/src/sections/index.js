// The sections of the record in the order of the page.
import { appointments } from "./appointments.js";
import { bills } from "./bills.js";
import { documents } from "./documents.js";
import { allergies, conditions, immunizations } from "./lists.js";
import { medicines } from "./medicines.js";
import { messages } from "./messages.js";
import { plan } from "./plan.js";
import { readings } from "./readings.js";

export const SECTIONS = [
  appointments,
  messages,
  medicines,
  conditions,
  allergies,
  readings({ id: "vitals", title: "Vital signs", category: "vital-signs", first: "85354-9", nothing: "Nothing has been measured yet." }),
  readings({ id: "labs", title: "Lab results", category: "laboratory", first: "4548-4", nothing: "There are no lab results." }),
  plan,
  immunizations,
  documents,
  bills,
  readings({ id: "scores", title: "Scores and other measurements", category: "survey,exam,procedure", first: "44261-6" }),
];
