/**
 * Shapes that travel between server and console. Types only; nothing runs here.
 *
 * @typedef {"ringing"|"live"|"waiting"|"handled"|"missed"|"aside"} Lane
 * @typedef {{owner: string, name: string, until: string, fence: number}} Claim
 * @typedef {{title: string, detail: string, code: number|string|null, subcode: number|string|null}} OperationError
 * @typedef {{id: string, kind: string, status: "pending"|"done"|"failed"|"unknown", to: string, error: OperationError|null}} Operation
 * @typedef {{id: string, to: string, status: "pending"|"done"|"failed"|"unknown", at: string, is_caller: boolean, error: OperationError|null}} Invitation
 * @typedef {{kind: string, id: string, to: string, outcome: "waiting"|"ringing"|"joined"|"left"|"declined"|"busy"|"no_answer"|"unreachable"|"failed"|"unknown", rings: number, at: string|null, error: OperationError|null}} Callee
 * @typedef {{id: string, name: string, is_caller: boolean, is_muted: boolean, is_in_lobby: boolean, is_on_hold: boolean, heard_by: string[], operation: Operation|null}} Member
 * @typedef {{slot: number, at: string, by: string, is_recalled: boolean}} Parking
 * @typedef {{username: string, name: string}} Person
 * @typedef {{
 *   id: string, graph_id: string, state: string, lane: Lane, direction: string,
 *   line: {id: string|number, name: string}|null, mode: "direct"|"bridge",
 *   caller: {name: string, phone: string, user: string|null},
 *   deadline: string|null, received_at: string, established_at: string|null, ended_at: string|null,
 *   claim: Claim|null, park: Parking|null, operation: Operation|null, media: Operation|null, invitations: Invitation[], called: Callee[],
 *   roster: "none"|"known"|"unavailable", people: Member[], bridge: string|null, bridge_of: string|null, outcome: string,
 *   handled_by: Person|null, handled_to: string, unconfirmed: boolean, version: number
 * }} Card
 * @typedef {{type: "snapshot", seq: number, cards: Card[]}} Snapshot
 * @typedef {{type: "changed", seq: number, cards: Card[], gone?: string[]}} Changed
 * @typedef {{type: "heartbeat", seq: number, now: string, stale?: boolean}} Heartbeat
 * @typedef {Snapshot|Changed|Heartbeat} Message
 * @typedef {{kind: "me"|"user"|"phone"|"application"|"voicemail", id?: string, name?: string}} Target
 * @typedef {{username: string, name: string, rights: Set<string>}} Me
 * @typedef {{kind: string, phase: "sending"|"refused"|"lost", text: string, version: number, status?: number}} Note
 */
export {};
