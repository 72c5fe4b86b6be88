// Conveniences: every page works without them.

import { showLocalTimes } from "./times.js";
import { watchIdleness } from "./idle.js";

showLocalTimes(document);
watchIdleness(document.body);
