// The names of GoCD resources and environments that a server accepts. An agent that registers with an invalid name is
// refused each time and never appears.

/** Maximum length of a name (database columns of the server). */
export const nameCharsMax = 255;

// GoCD ResourceConfig, 15.2 to 26.1: letters, digits, blanks and - _ . |. A comma separates names when an agent registers.
const gocdResourceName = /^[-\w |.]+$/;
// GoCD NameTypeValidator, 15.2 to 26.1; also of pipeline groups.
const environmentName = /^[a-zA-Z0-9_-][a-zA-Z0-9_.-]*$/;

/** Why a name is invalid. */
export type NameFlaw = "empty" | "too-long" | "characters";

/** A name that the server would refuse. */
export interface RegistrationProblem {
  readonly what: "resource" | "environment";
  readonly name: string;
  readonly flaw: NameFlaw;
}

/** Why this GoCD resource name is invalid; absent: it is valid. */
export function gocdResourceFlaw(name: string): NameFlaw | undefined {
  if (name.trim() === "") return "empty";
  if (name.length > nameCharsMax) return "too-long";
  return gocdResourceName.test(name) ? undefined : "characters";
}

/** Why this name of an environment or a pipeline group is invalid; absent: it is valid. */
export function environmentNameFlaw(name: string): NameFlaw | undefined {
  if (name === "") return "empty";
  if (name.length > nameCharsMax) return "too-long";
  return environmentName.test(name) ? undefined : "characters";
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
