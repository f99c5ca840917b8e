/** The script of pages with a field for a code. */

import { followFragments } from "./fragment";

followFragments(document, window);
