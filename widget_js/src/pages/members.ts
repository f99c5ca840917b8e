/** What a page does better with a script for a member. It works without. */

import { improveFileFields } from "./file_fields";
import { keepDrafts } from "./live/drafts";
import { follow } from "./live/follow";
import { writeMoments } from "./moments";
import { letNoticesGo } from "./notices";
import { showPreviews } from "./preview";
import { tellSeen } from "./seen";
import { showCurrentTab } from "./tabs";

writeMoments(document);
letNoticesGo(document);
showCurrentTab(document);
tellSeen(document, fetch.bind(window));
improveFileFields(document);
showPreviews(document, fetch.bind(window));
follow(document, window, keepDrafts(document, window, fetch.bind(window)));
