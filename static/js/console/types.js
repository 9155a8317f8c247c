/**
 * Shapes that travel between server and console. Types only; nothing runs here.
 *
 * @typedef {"ringing"|"live"|"handled"|"missed"} Lane
 * @typedef {{owner: string, name: string, until: string, fence: number}} Claim
 * @typedef {{title: string, detail: string, code: number|string|null, subcode: number|string|null}} OperationError
 * @typedef {{id: string, kind: string, status: "pending"|"done"|"failed"|"unknown", error: OperationError|null}} Operation
 * @typedef {{username: string, name: string}} Person
 * @typedef {{
 *   id: string, graph_id: string, state: string, lane: Lane, direction: string,
 *   line: {id: string|number, name: string}|null,
 *   caller: {name: string, phone: string, user: string|null},
 *   deadline: string|null, received_at: string, established_at: string|null, ended_at: string|null,
 *   claim: Claim|null, operation: Operation|null, outcome: string,
 *   handled_by: Person|null, handled_to: string, unconfirmed: boolean, version: number
 * }} Card
 * @typedef {{type: "snapshot", seq: number, cards: Card[]}} Snapshot
 * @typedef {{type: "changed", seq: number, cards: Card[], gone?: string[]}} Changed
 * @typedef {{type: "heartbeat", seq: number, now: string}} Heartbeat
 * @typedef {Snapshot|Changed|Heartbeat} Message
 * @typedef {{kind: "me"|"user"|"phone"|"application"|"voicemail", id?: string, name?: string}} Target
 * @typedef {{username: string, name: string, rights: Set<string>}} Me
 * @typedef {{kind: string, phase: "sending"|"refused"|"lost", text: string, version: number, status?: number}} Note
 */
export {};
