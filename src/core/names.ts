// Which names of GoCD resources and environments a server accepts. An agent that registers with an invalid name is
// refused again and again and never appears.

/** The longest name that a server stores (the columns of its database). */
export const nameCharsMax = 255;

// GoCD ResourceConfig, 15.2 to 26.1: letters, digits, blanks and - _ . |. A comma separates names when an agent registers.
const gocdResourceName = /^[-\w |.]+$/;
// GoCD NameTypeValidator, 15.2 to 26.1; also of pipeline groups.
const environmentName = /^[a-zA-Z0-9_-][a-zA-Z0-9_.-]*$/;

/** What is wrong with a name. */
export type NameFlaw = "empty" | "too-long" | "characters";

/** A name that the server would refuse. */
export interface RegistrationProblem {
  readonly what: "resource" | "environment";
  readonly name: string;
  readonly flaw: NameFlaw;
}

/** Why no agent can have this GoCD resource; absent: one can. */
export function gocdResourceFlaw(name: string): NameFlaw | undefined {
  if (name.trim() === "") return "empty";
  if (name.length > nameCharsMax) return "too-long";
  return gocdResourceName.test(name) ? undefined : "characters";
}

/** Why there can be no GoCD environment of this name; absent: there can. */
export function environmentNameFlaw(name: string): NameFlaw | undefined {
  if (name === "") return "empty";
  if (name.length > nameCharsMax) return "too-long";
  return environmentName.test(name) ? undefined : "characters";
}

/** Why there can be no pipeline group of this name; absent: there can. */
export function groupNameFlaw(name: string): NameFlaw | undefined {
  return environmentNameFlaw(name);
}

/** Why an agent with these resources and this environment could not register; absent: it can. */
export function invalidRegistration(
  gocdResources: readonly string[],
  environment: string | undefined,
): RegistrationProblem | undefined {
  for (const name of gocdResources) {
    const flaw = gocdResourceFlaw(name);
    if (flaw !== undefined) return { what: "resource", name, flaw };
  }
  if (environment === undefined) return undefined;
  const flaw = environmentNameFlaw(environment);
  return flaw === undefined ? undefined : { what: "environment", name: environment, flaw };
}
