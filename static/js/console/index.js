// What every page of the console loads.
import { makeOperable } from "./a11y.js";
import { listenToBell } from "./bell.js";
import { keepTime } from "./clock.js";
import { watchCopyButtons } from "./copy.js";
import { watchDialogs } from "./dialogs.js";
import { nameValues } from "./labels.js";
import { watchMenus } from "./menus.js";
import { watchMistakes } from "./mistakes.js";
import { enterGoesToFirst } from "./palette.js";

makeOperable(document.body);
watchCopyButtons();
watchDialogs();
keepTime();
listenToBell();
nameValues();
enterGoesToFirst();
watchMenus();
watchMistakes();
