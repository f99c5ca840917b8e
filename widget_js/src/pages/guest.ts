/** What a page does better with a script for whoever is not signed in. It works without. */

import { follow } from "./live/follow";
import { writeMoments } from "./moments";
import { letNoticesGo } from "./notices";

writeMoments(document);
letNoticesGo(document);
follow(document, window);
