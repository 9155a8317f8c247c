/** What every page has: the switch between light and dark, menus that close by themselves. */

const KEY = "commsportal-theme";
const root = document.documentElement;

function isDark() {
  const chosen = root.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

function switchTheme() {
  const theme = isDark() ? "light" : "dark";
  root.dataset.theme = theme;
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // The choice then lasts as long as the page.
  }
}

for (const button of document.querySelectorAll("[data-act=theme]")) button.addEventListener("click", switchTheme);

/** @param {EventTarget|null} target whatever was clicked; menus elsewhere close, without one all do */
function closeMenus(target) {
  for (const menu of document.querySelectorAll("details.dropdown[open]")) {
    if (target instanceof Node && menu.contains(target)) continue;
    if (!target && menu.contains(document.activeElement)) menu.querySelector("summary")?.focus(); // or it would be nowhere
    menu.removeAttribute("open");
  }
}

document.addEventListener("click", (event) => closeMenus(event.target));
document.addEventListener("keydown", (event) => event.key === "Escape" && closeMenus(null));

const STYLES = {
  time: { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false },
  date: { day: "2-digit", month: "short" },
  both: { day: "2-digit", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false },
};

/** Write the server's UTC instants in the zone of whoever reads. */
function localTimes() {
  for (const node of /** @type {NodeListOf<HTMLTimeElement>} */ (document.querySelectorAll("time[data-local]"))) {
    const style = /** @type {Intl.DateTimeFormatOptions} */ (STYLES[/** @type {keyof STYLES} */ (node.dataset.local)]);
    node.title = node.dateTime;
    node.textContent = new Intl.DateTimeFormat("en-GB", style).format(new Date(node.dateTime)).replace(",", "");
  }
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  for (const node of document.querySelectorAll("[data-zone]")) node.textContent = zone.split("/").pop()?.replaceAll("_", " ") ?? "UTC";
}

localTimes();

/** Tell the server where the reader is, for pages that it writes in wall-clock times. */
function tellZone() {
  const zone = encodeURIComponent(Intl.DateTimeFormat().resolvedOptions().timeZone);
  const [prefix, secure] = location.protocol === "https:" ? ["__Host-", "; Secure"] : ["", ""];
  document.cookie = `${prefix}portal-zone=${zone}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
}

tellZone();

const LOOKS = 8; // after 2, 4, 8 ... seconds: some 8 minutes in all, then readers look themselves
let looks = 0;

/** Look whether what is still being asked has come by now; whoever types is not disturbed. */
async function lookAgain() {
  const node = document.querySelector("[data-look-again]");
  if (!(node instanceof HTMLElement)) return;
  const path = node.dataset.lookAgain ?? "";
  const response = await fetch(path).catch(() => null);
  const fresh = response?.ok ? await response.text() : "";
  const typing = document.activeElement?.matches("input, textarea, select");
  if (fresh && !fresh.includes("data-look-again") && !typing) location.assign(path);
  else if (++looks < LOOKS) setTimeout(lookAgain, 2000 * 2 ** looks);
}

setTimeout(lookAgain, 2000);
