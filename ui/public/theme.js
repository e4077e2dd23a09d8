// Before the first paint, so that a dark page does not flash white. See src/shell/preferences.ts.
{
  const chosen = localStorage.getItem("stepmill.theme");
  const dark = chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "dark" : "light";
}
