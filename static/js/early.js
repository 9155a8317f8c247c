// Sets the chosen theme before the first paint. Loaded in the head, so it stays tiny and asks for nothing.
try {
  const theme = localStorage.getItem("commsportal-theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // A browser that keeps nothing follows the system's theme.
}
