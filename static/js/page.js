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

/** @param {EventTarget|null} target whatever was clicked; menus elsewhere close */
function closeMenus(target) {
  for (const menu of document.querySelectorAll("details.dropdown[open]")) {
    if (!(target instanceof Node && menu.contains(target))) menu.removeAttribute("open");
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
