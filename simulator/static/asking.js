// Asking the simulator, and making what its page is built of.

/** Ask the simulator; a refusal becomes the banner's text. */
export async function ask(path, method = "GET", body = undefined) {
  const answer = await fetch(path, {
    method,
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const content = await answer.json();
  if (!answer.ok) throw new Error(content.detail ?? `The simulator answered ${answer.status}.`);
  return content;
}

/** Do something and show why it did not work. */
export async function attempt(action) {
  const box = document.getElementById("mistake");
  try {
    box.hidden = true;
    return await action();
  } catch (error) {
    box.textContent = error.message;
    box.hidden = false;
    return null;
  }
}

export function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

/** A button that says what it does and to whom. */
export function button(text, label, action, kind = "") {
  const made = element("button", `btn btn--sm ${kind}`.trim(), text);
  made.type = "button";
  made.setAttribute("aria-label", label);
  made.addEventListener("click", action);
  return made;
}

/** A choice of people, the first of which stands for nobody yet. */
export function choiceOfPeople(label, action) {
  const made = element("select", "select select--sm");
  made.setAttribute("aria-label", label);
  const nobody = element("option", "", label);
  nobody.value = "";
  made.append(nobody, ...[...document.querySelectorAll("#callers [data-user]")].map((row) => {
    const option = element("option", "", row.dataset.name);
    option.value = row.dataset.user;
    return option;
  }));
  made.addEventListener("change", () => {
    const user = made.value;
    made.value = "";
    if (user) action(user);
  });
  return made;
}
