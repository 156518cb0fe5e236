// Keeps durations (data-since) and relative times (data-ago) right while the page stays open.

import { word } from "./words.js";

const language = document.documentElement.lang || "en";
const tenths = new Intl.NumberFormat(language, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto", style: "short" });
const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];

const pad = (number) => String(number).padStart(2, "0");

// The same words as `duration` in nocode/foundation/displays.py.
function duration(seconds) {
  if (seconds < 59.95) return `${tenths.format(Math.max(seconds, 0))} s`;
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${pad(whole % 60)} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${pad(minutes % 60)} min`;
  return `${Math.floor(hours / 24)} ${word("days")} ${hours % 24} h`;
}

function ago(seconds) {
  const [unit, size] = UNITS.find(([, length]) => Math.abs(seconds) >= length) ?? ["second", 1];
  return relative.format(Math.round(-seconds / size), unit);
}

function secondsSince(moment) {
  return (Date.now() - Date.parse(moment)) / 1000;
}

function tick() {
  for (const element of document.querySelectorAll("[data-since]")) {
    element.textContent = duration(secondsSince(element.dataset.since));
  }
  for (const element of document.querySelectorAll("time[data-ago]")) {
    element.textContent = ago(secondsSince(element.dateTime));
  }
}

export function keepTime() {
  setInterval(() => document.hidden || tick(), 1000);
  document.addEventListener("htmx:afterSettle", tick);
  tick();
}
