// Elements from data. Text goes in as text alone: documents are shown, never run.

export const $ = (selector, within = document) => within.querySelector(selector);

/** Make an element; children are elements or texts. */
export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

export const number = (value) => value.toLocaleString("en");
export const percent = (share) => `${Math.round(100 * share)} %`;
export const words = (name) => name.replaceAll("_", " ");
