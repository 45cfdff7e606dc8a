// Names that a GoCD server accepts, checked before a launch, because an agent with a bad one loops and never appears.
// Source: GoCD NameTypeValidator and ResourceConfig (facts: gocd 1.4, 4.1). Called by core/gates.ts.

const environmentName = /^[a-zA-Z0-9_-][a-zA-Z0-9_\-.]{0,254}$/;
const resourceName = /^[-\w |.]{1,255}$/;

/** Why an agent with these resources and this environment could not register, or nothing. */
export function invalidRegistration(
  gocdResources: readonly string[],
  environment: string | undefined,
): string | undefined {
  const bad = gocdResources.find((name) => !resourceName.test(name));
  if (bad !== undefined) {
    return `the GoCD server would refuse an agent with the resource ${JSON.stringify(bad)}: ` +
      "only letters, digits, spaces, and - _ . | are allowed";
  }
  if (environment !== undefined && !environmentName.test(environment)) {
    return `the GoCD server would refuse an agent in the environment ${JSON.stringify(environment)}`;
  }
  return undefined;
}
