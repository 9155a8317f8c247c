/**
 * The list of who is invited: one address to a line, an asterisk before a presenter's.
 *
 * @typedef {{name?: string, address: string}} Guest
 */

const ADDRESS = /^[^\s@]+@[^\s@]+\.[^\s@.]{2,}$/;

/** @param {string} text @returns {string[]} the addresses of all lines, whether they are any or not, without asterisks */
export function written(text) {
  return text.split(/\r?\n/).map((line) => line.trim().replace(/^[*\s]+/, "")).filter(Boolean);
}

/** @param {string} text @returns {{addresses: string[], unfinished: number}} whom one can ask about, each once, and how many lines are no address yet */
export function asked(text) {
  const lines = written(text);
  const addresses = new Map(lines.filter((line) => ADDRESS.test(line)).map((line) => [line.toLowerCase(), line]));
  return { addresses: [...addresses.values()], unfinished: lines.filter((line) => !ADDRESS.test(line)).length };
}

/**
 * Add people to the list: nobody twice, and no more than a meeting has.
 * @param {string} text
 * @param {Guest[]} people
 * @param {number} most
 * @returns {{text: string, added: number, known: number, refused: number}}
 */
export function add(text, people, most) {
  const named = new Set(written(text).map((line) => line.toLowerCase()));
  const fresh = people.filter(({ address }) => !named.has(address.toLowerCase()) && named.add(address.toLowerCase()));
  const room = Math.max(most - written(text).length, 0);
  const lines = fresh.slice(0, room).map(({ address }) => address);
  const before = text.trimEnd();
  return {
    text: lines.length ? `${before}${before ? "\n" : ""}${lines.join("\n")}\n` : text,
    added: lines.length,
    known: people.length - fresh.length,
    refused: fresh.length - lines.length,
  };
}

/** @param {number} count @param {string} one @param {string} [many] @returns {string} */
export function counted(count, one, many = `${one}s`) {
  return `${count} ${count === 1 ? one : many}`;
}

/**
 * Say what became of adding people.
 * @param {{added: number, known: number, refused: number}} done
 * @param {{name?: string, lacking?: number, most: number}} about who it was, or how many of a group have no address
 * @returns {string}
 */
export function said({ added, known, refused }, { name = "", lacking = 0, most }) {
  if (name && added) return `${name} is invited.`;
  if (name && known) return `${name} is named already.`;
  const parts = [added ? `${counted(added, "person", "people")} added.` : "Nobody was added."];
  if (known) parts.push(`${known} ${known === 1 ? "was" : "were"} named already.`);
  if (lacking) parts.push(`${lacking} ${lacking === 1 ? "has" : "have"} no address.`);
  if (refused) parts.push(`${refused} ${refused === 1 ? "does" : "do"} not fit in: a meeting has ${most} people at most.`);
  return parts.join(" ");
}

/** @param {any[]} results of the directory @returns {(Guest & {about: string})[]} those who can be invited */
export function offered(results) {
  return results
    .map((one) => ({ name: one.name || one.upn, address: one.mail || one.upn || "", about: [one.job_title, one.department].filter(Boolean).join(", ") }))
    .filter(({ address }) => ADDRESS.test(address));
}
