/** Fill the form of a meeting from a template in place, so that nothing typed is lost; without this the server does. */

const chooser = /** @type {HTMLFormElement | null} */ (document.querySelector("form[data-templates]"));
const form = /** @type {HTMLFormElement | null} */ (document.getElementById(chooser?.dataset.templates ?? ""));

/** @param {string} begins @param {number} minutes */
function after(begins, minutes) {
  const [hour, minute] = begins.split(":").map(Number);
  const at = (hour * 60 + minute + minutes) % (24 * 60);
  return [Math.floor(at / 60), at % 60].map((part) => String(part).padStart(2, "0")).join(":");
}

/** @param {HTMLFormElement} of @param {string} name @param {unknown} value */
function set(of, name, value) {
  const field = of.elements.namedItem(name);
  if (field instanceof HTMLInputElement && field.type === "checkbox") field.checked = value === true;
  else if (field instanceof HTMLInputElement || field instanceof HTMLSelectElement) field.value = String(value);
  else return;
  field.dispatchEvent(new Event("change", { bubbles: true }));
}

/** @param {HTMLFormElement} of @param {HTMLOptionElement} option */
function fill(of, option) {
  set(of, "template", option.value);
  const { minutes, ...choices } = JSON.parse(option.dataset.fills ?? "{}");
  for (const [name, value] of Object.entries(choices)) set(of, name, value);
  const begins = of.elements.namedItem("begins");
  if (minutes && begins instanceof HTMLInputElement && begins.value) set(of, "ends", after(begins.value, minutes));
}

if (chooser && form) {
  chooser.querySelector("button")?.setAttribute("hidden", "");
  chooser.querySelector("select")?.addEventListener("change", (event) => {
    const option = /** @type {HTMLSelectElement} */ (event.target).selectedOptions[0];
    fill(form, option);
    const status = chooser.querySelector("[role=status]");
    if (status) status.textContent = option.value ? `Filled in from ${option.text}.` : "Kept without a template.";
  });
}
