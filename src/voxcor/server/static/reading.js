/** On pages to read: the theme and the language that were chosen on the page. */

{
  const kept = (/** @type {string} */ name) => {
    try {
      return JSON.parse(localStorage.getItem(`voxcor.${name}`) ?? "null");
    } catch {
      return null; // Storage is forbidden, or was written by somebody else.
    }
  };
  const root = document.documentElement;
  const systemDark = matchMedia("(prefers-color-scheme: dark)");
  const paint = () => {
    const theme = kept("theme");
    root.dataset.theme = theme === "dark" || (theme !== "light" && systemDark.matches) ? "dark" : "light";
  };
  paint();
  systemDark.addEventListener("change", paint);
  const wanted = kept("language");
  const asked = new URLSearchParams(location.search).get("language");
  if (!asked && (wanted === "en" || wanted === "zh") && !root.lang.startsWith(wanted)) {
    location.replace(`?language=${wanted}`);
  }
}
