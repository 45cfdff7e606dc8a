// Texts for why a profile was selected instead of another one, which is decided in demand/profile_choice.ts.

import type { ChosenBy } from "../demand/profile_choice.ts";
import { counted } from "./phrases.ts";

/** As the end of a sentence about the profile. */
export function chosenByText(by: ChosenBy): string {
  switch (by.kind) {
    case "surplus": {
      const own = by.surplus === 0 ? "no resource" : counted(by.surplus, "resource");
      const others = by.others === undefined ? `${by.over} is for any resources` : `${by.over} has ${by.others}`;
      return `it has the fewest additional resources (${own}); ${others}`;
    }
    case "pipeline-group":
      return `it is for the pipeline group of this job, and ${by.over} for all groups`;
    case "priority":
      return `its priority is higher (${by.priority}) than that of ${by.over} (${by.others}), which could serve it as well`;
    case "order":
      return `it comes first in the configuration; ${by.over} could serve it as well`;
  }
}
