// HTTP clients for fetch with options that Deno's default lacks.

/** A client that also accepts these certificate authorities (PEM). Throws if they are invalid. Close it after use. */
export function clientWithCas(caCerts: readonly string[]): Deno.HttpClient {
  return Deno.createHttpClient({ caCerts: [...caCerts] });
}

/**
 * A client that reaches one host without any proxy. Needs permission to set NO_PROXY, which Deno reads when the client
 * is created: no other process sees the value. Close it after use.
 */
export function directClient(hostname: string): Deno.HttpClient {
  const before = Deno.env.get("NO_PROXY");
  Deno.env.set("NO_PROXY", hostname.replace(/^\[|\]$/g, ""));
  try {
    return Deno.createHttpClient({});
  } finally {
    if (before === undefined) Deno.env.delete("NO_PROXY");
    else Deno.env.set("NO_PROXY", before);
  }
}
