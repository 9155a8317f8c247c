/** Cards for the tests, as the server sends them. */

let made = 0;

/** @param {any} [changes] @returns {import("../../static/js/console/types.js").Card} */
export function card(changes = {}) {
  const id = `call-${String(++made).padStart(3, "0")}`;
  return /** @type {any} */ ({
    id, graph_id: `graph-${id}`, state: changes.lane === "live" ? "established" : "incoming", lane: "ringing", direction: "incoming",
    line: { id: 1, name: "main" }, mode: "direct", bridge: null, bridge_of: null, caller: { name: "Amara Okoye", phone: "+442079460018", user: null },
    deadline: "2026-11-21T14:00:12+00:00", received_at: "2026-11-21T14:00:00+00:00", established_at: null, ended_at: null,
    claim: null, park: null, operation: null, media: null, invitations: [], called: [], roster: "none", people: [], outcome: "", handled_by: null, handled_to: "", unconfirmed: false, version: 1, ...changes,
  });
}

export const OMAR = { owner: "omar", name: "Omar Haddad", until: "2026-11-21T14:00:08+00:00", fence: 3 };
export const RITA = { owner: "rita", name: "Rita Ruiz", until: "2026-11-21T14:00:08+00:00", fence: 7 };
