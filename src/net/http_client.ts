// HTTP clients for fetch that differ from Deno's own. Not here: requests.

/** A client that takes more certificate authorities, PEM text, for good. Throws where they are none. Close it. */
export function clientWithCas(caCerts: readonly string[]): Deno.HttpClient {
  return Deno.createHttpClient({ caCerts: [...caCerts] });
}

/**
 * A client that goes to one host past every proxy. Needs the right to set NO_PROXY, which Deno reads when the client is
 * made: nobody else sees the value. Close it.
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
