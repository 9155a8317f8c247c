// Gives the API's documents the theme of the other pages: Swagger's sheet has a dark one under this class.
const dark = matchMedia("(prefers-color-scheme: dark)");
const paint = () => {
  const theme = document.documentElement.dataset.theme;
  document.documentElement.classList.toggle("dark-mode", theme ? theme === "dark" : dark.matches);
};
dark.addEventListener("change", paint);
paint();
