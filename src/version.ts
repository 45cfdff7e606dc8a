// The version of this program; a test keeps it equal to deno.json.

/** Semantic version of gocd-mesos. */
export const version = "0.1.0";
