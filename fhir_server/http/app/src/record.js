// Reading the record: searches as a portal makes them, page by page, and what went wrong in words.

const AT_ONCE = 4;
const waiting = [];
let running = 0;

/** A few requests at a time, so that the first sections are there first. */
async function inTurn(work) {
  if (running >= AT_ONCE) await new Promise((resolve) => waiting.push(resolve));
  running += 1;
  try {
    return await work();
  } finally {
    running -= 1;
    waiting.shift()?.();
  }
}

export class PatientRecord {
  constructor(client, patientId) {
    this.client = client;
    this.patientId = patientId;
    this.reference = `Patient/${patientId}`;
  }

  /** Reads an address of this server; a link elsewhere is not followed, for the token would go with it. */
  async read(url) {
    const base = `${this.client.state.serverUrl.replace(/\/$/, "")}/`;
    const target = new URL(url, base).href;
    if (!target.startsWith(base)) throw new Error("The link leads to another server.");
    return inTurn(() => this.client.request({ url: target, headers: { accept: "application/fhir+json" } }));
  }

  /** The matches of a search and what it included, following `next` for at most `pages` pages. */
  async search(type, parameters, pages = 4) {
    const query = new URLSearchParams({ patient: this.patientId, ...parameters });
    const found = { matches: [], included: new Map() };
    let url = `${type}?${query}`;
    for (let page = 0; url && page < pages; page += 1) {
      const bundle = await this.read(url);
      for (const entry of bundle.entry ?? []) {
        if (entry.search?.mode === "include") found.included.set(`${entry.resource.resourceType}/${entry.resource.id}`, entry.resource);
        else if (entry.resource?.resourceType === type) found.matches.push(entry.resource);
      }
      url = bundle.link?.find((link) => link.relation === "next")?.url;
    }
    return found;
  }
}

/** 403: not shared with the app; 401: signed out; everything else: try again. */
export function failure(problem) {
  const status = problem?.statusCode ?? problem?.status;
  if (status === 403) return "not-shared";
  if (status === 401) return "signed-out";
  return "failed";
}
