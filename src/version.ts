// The version of this program; a test holds it against deno.json. Not here: versions of servers.
// Used by cli/ and sent as the name of the HTTP client.

/** Semantic version of gocd-mesos. */
export const version = "0.1.0";
