// The page: landing or record, and what the two buttons in the bar do.
import { failure, PatientRecord } from "./record.js";
import { el } from "./dom.js";
import { configuration, properAddress, resume, signIn, signOut } from "./session.js";
import { heading } from "./heading.js";
import { mount } from "./section.js";
import { SECTIONS } from "./sections/index.js";

const part = (id) => document.getElementById(id);

async function start() {
  let config;
  try {
    config = await configuration();
    const address = properAddress(config);
    if (address) return location.replace(address);
    const client = await resume(config);
    if (client?.patient.id) return await showRecord(config, client);
    showLanding(config, client ? "No person was chosen. Please sign in again." : "");
  } catch (problem) {
    showLanding(config, describe(problem));
  }
}

function describe(problem) {
  const text = String(problem?.message ?? problem);
  if (text.includes("access_denied")) return "You did not give the app access, so there is nothing to show.";
  return `Signing in did not work. (${text})`;
}

function showLanding(config, notice) {
  part("loading").hidden = true;
  part("account").hidden = true;
  part("record").hidden = true;
  part("landing").hidden = false;
  part("landing-notice").hidden = !notice;
  part("landing-notice").textContent = notice;
  const button = part("sign-in");
  button.disabled = !config;
  button.onclick = () => launch(config);
}

async function launch(config) {
  part("sign-in").disabled = true;
  try {
    await signIn(config);
  } catch (problem) {
    showLanding(config, describe(problem));
  }
}

async function showRecord(config, client) {
  part("account").hidden = false;
  part("sign-out").onclick = async () => {
    await signOut(client);
    showLanding(config, "You are signed out.");
    part("record").replaceChildren();
  };
  part("change-patient").hidden = client.getUserType() === "Patient" || !client.getUserType();
  part("change-patient").onclick = () => launch(config);

  const record = new PatientRecord(client, client.patient.id);
  let patient = null;
  try {
    patient = await record.read(record.reference);
  } catch (problem) {
    if (failure(problem) === "signed-out") return showLanding(config, "Your session has ended. Please sign in again.");
  }
  const sections = SECTIONS.map((section) => mount(section, record));
  part("record").replaceChildren(
    heading(patient),
    el("div", { className: "columns" }, navigation(sections), el("div", { className: "sections" }, arranged(sections))),
  );
  part("loading").hidden = true;
  part("landing").hidden = true;
  part("record").hidden = false;
}

/** Wide sections across the page, the others between them in two columns. */
function arranged(sections) {
  const blocks = [];
  for (const section of sections) {
    const last = blocks[blocks.length - 1];
    if (section.classList.contains("wide")) blocks.push(section);
    else if (last?.className === "flow") last.append(section);
    else blocks.push(el("div", { className: "flow" }, section));
  }
  return blocks;
}

/** Links to the sections; one that turns out to have nothing to show loses its link. */
function navigation(sections) {
  const links = sections.map((section, number) =>
    el("li", {}, el("a", { href: `#${section.id}` }, SECTIONS[number].title)));
  const observer = new MutationObserver(() => sections.forEach((section, number) => {
    links[number].hidden = section.hidden;
  }));
  sections.forEach((section) => observer.observe(section, { attributeFilter: ["hidden"] }));
  return el("nav", { "aria-label": "Parts of the record" }, el("ul", {}, links));
}

start();
