// Names of GoCD resources and environments that a server accepts: one rule for the configuration, for launches and for
// changes of records. An agent that registers with a bad name is refused again and again, and never appears.

/** The longest name that a server stores (the columns of its database). */
export const nameCharsMax = 255;

// GoCD ResourceConfig, 15.2 to 26.1: letters, digits, blanks and - _ . |. A comma separates names when an agent registers.
const gocdResourceName = /^[-\w |.]+$/;
// GoCD NameTypeValidator, 15.2 to 26.1.
const environmentName = /^[a-zA-Z0-9_-][a-zA-Z0-9_.-]*$/;

/** Why no agent can have this GoCD resource, as the end of a sentence about the name; absent: one can. */
export function gocdResourceProblem(name: string): string | undefined {
  if (name.trim() === "") return "a resource must not be empty";
  if (name.length > nameCharsMax) return tooLong;
  return gocdResourceName.test(name) ? undefined : "only letters, digits, spaces, and - _ . | are allowed";
}

/** Why there can be no GoCD environment of this name, as the end of a sentence about it; absent: there can. */
export function environmentNameProblem(name: string): string | undefined {
  if (name === "") return "the name of an environment must not be empty";
  if (name.length > nameCharsMax) return tooLong;
  return environmentName.test(name) ? undefined : "only letters, digits, and - _ . are allowed, and no dot in front";
}

/** Why an agent with these resources and this environment could not register; absent: it can. */
export function invalidRegistration(
  gocdResources: readonly string[],
  environment: string | undefined,
): string | undefined {
  for (const name of gocdResources) {
    const problem = gocdResourceProblem(name);
    if (problem !== undefined) {
      return `the GoCD server would refuse an agent with the resource ${quoted(name)}: ${problem}`;
    }
  }
  const problem = environment === undefined ? undefined : environmentNameProblem(environment);
  if (environment === undefined || problem === undefined) return undefined;
  return `the GoCD server would refuse an agent in the environment ${quoted(environment)}: ${problem}`;
}

const tooLong = `it has more than ${nameCharsMax} characters`;

function quoted(name: string): string {
  return JSON.stringify(name.length > 60 ? `${name.slice(0, 60)}…` : name);
}
