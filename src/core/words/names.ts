// Texts for invalid names. The rules are in core/names.ts.

import {
  environmentNameFlaw,
  gocdResourceFlaw,
  nameCharsMax,
  type NameFlaw,
  type RegistrationProblem,
} from "../names.ts";
import { quotedName } from "./phrases.ts";

/** Why this GoCD resource name is invalid, as the end of a sentence about it; absent: it is valid. */
export function gocdResourceProblem(name: string): string | undefined {
  const flaw = gocdResourceFlaw(name);
  return flaw === undefined ? undefined : resourceFlawText(flaw);
}

/** Why this environment name is invalid, as the end of a sentence about it; absent: it is valid. */
export function environmentNameProblem(name: string): string | undefined {
  const flaw = environmentNameFlaw(name);
  return flaw === undefined ? undefined : environmentFlawText(flaw);
}

/** Why this pipeline group name is invalid, as the end of a sentence about it; absent: it is valid. */
export function groupNameProblem(name: string): string | undefined {
  const flaw = environmentNameFlaw(name);
  return flaw === undefined ? undefined : environmentFlawText(flaw, "a pipeline group");
}

function resourceFlawText(flaw: NameFlaw): string {
  switch (flaw) {
    case "empty":
      return "a resource must not be empty";
    case "too-long":
      return `it has more than ${nameCharsMax} characters`;
    case "characters":
      return "only letters, digits, spaces, and - _ . | are allowed";
  }
}

function environmentFlawText(flaw: NameFlaw, what = "an environment"): string {
  switch (flaw) {
    case "empty":
      return `the name of ${what} must not be empty`;
    case "too-long":
      return `it has more than ${nameCharsMax} characters`;
    case "characters":
      return "only letters, digits, and - _ . are allowed, and no dot in front";
  }
}

/** Why no agent could register with such a name. */
export function registrationProblemText({ what, name, flaw }: RegistrationProblem): string {
  return what === "resource"
    ? `the GoCD server would refuse an agent with the resource ${quotedName(name)}: ${resourceFlawText(flaw)}`
    : `the GoCD server would refuse an agent in the environment ${quotedName(name)}: ${environmentFlawText(flaw)}`;
}
