/** Whoever leaves the page is asked first while something would be lost that is nowhere else. */

/** @param {() => boolean} isLost */
export const askBeforeLeaving = (isLost) =>
  addEventListener("beforeunload", (event) => {
    if (isLost()) event.preventDefault();
  });
