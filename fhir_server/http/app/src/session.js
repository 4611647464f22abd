// Standalone launch with PKCE (SMART App Launch 2.2) through the SMART JavaScript client.
import FHIR from "fhirclient";

const SCOPE = "launch/patient openid fhirUser offline_access patient/*.rs";

export async function configuration() {
  const answer = await fetch("config.json", { headers: { accept: "application/json" } });
  if (!answer.ok) throw new Error("The server does not know this app.");
  return answer.json();
}

/** The same page under the server's own name, if it was opened under another (localhost, 127.0.0.1). */
export function properAddress({ iss }) {
  return new URL(iss).origin === location.origin ? null : new URL(location.pathname, iss).href;
}

export function signIn({ client_id: clientId, iss }) {
  return FHIR.oauth2.authorize({
    clientId, iss, scope: SCOPE, redirectUri: new URL("./", location.href).href, pkceMode: "required",
    completeInTarget: true,
  });
}

/** The client of a sign-in that has just returned or still lasts; null where there is none. */
export async function resume({ iss }) {
  const parameters = new URLSearchParams(location.search);
  const returns = parameters.has("code") || parameters.has("error");
  keepOnlyTheAnswer(parameters);
  if (!returns && !sessionStorage.getItem("SMART_KEY")) return null;
  try {
    const client = await FHIR.oauth2.ready();
    return client.state.tokenResponse?.access_token && client.state.serverUrl === iss ? client : null;
  } catch (problem) {
    if (!returns) return null;
    throw problem;
  } finally {
    if (returns) history.replaceState(null, "", location.pathname);
  }
}

/**
 * The client remembers the address of its first call and prefers what it finds there, such as `iss` and
 * `clientId`, over what `signIn` says: nobody shall hand us a link with others.
 */
function keepOnlyTheAnswer(parameters) {
  const names = ["code", "state", "error", "error_description"].filter((name) => parameters.has(name));
  const query = new URLSearchParams(names.map((name) => [name, parameters.get(name)])).toString();
  history.replaceState(null, "", `${location.pathname}${query && `?${query}`}${location.hash}`);
}

/** Gives the tokens back, if the server takes them, and forgets them. */
export async function signOut(client) {
  const { refresh_token: refreshToken, access_token: accessToken } = client.state.tokenResponse ?? {};
  sessionStorage.clear();
  try {
    const discovery = await fetch(`${client.state.serverUrl}/.well-known/smart-configuration`);
    const { revocation_endpoint: endpoint } = await discovery.json();
    const token = refreshToken ?? accessToken;
    if (endpoint && token) {
      await fetch(endpoint, { method: "POST", body: new URLSearchParams({ token, client_id: client.state.clientId }) });
    }
  } catch {
    // Signing out here has happened; the tokens end by themselves.
  }
}
