// The simulated GoCD server as a fetch function in this process, on its own virtual time: no sockets, no waiting.

import type { SimGocd } from "../../src/sim/gocd/sim_gocd.ts";

/** The apparent address of the server. */
export const simUrl = "http://gocd.test:8153/go";

/** Handles requests with the model, at its current time. */
export function simFetch(model: SimGocd): typeof fetch {
  return async (input, init): Promise<Response> => {
    init?.signal?.throwIfAborted();
    const request = new Request(input as string, { ...init, signal: null });
    const url = new URL(request.url);
    const { status, headers, body, connection } = model.handle({
      method: request.method,
      path: url.pathname + url.search,
      headers: { host: url.host, ...Object.fromEntries(request.headers) },
      body: await request.text(),
    }, model.nowMs);
    if (connection === "refused") throw new TypeError("client error (Connect): tcp connect error: Connection refused");
    const hasBody = status !== 304 && status !== 204;
    const cut = new ReadableStream<Uint8Array>({
      pull(controller): void {
        controller.error(new TypeError("connection closed before message completed"));
      },
    });
    // As bytes: a text would get a content type even if the response has none.
    const shown = connection === "cut" ? cut : hasBody ? new TextEncoder().encode(body) : null;
    return new Response(shown, { status: status === 0 ? 200 : status, headers: { ...headers } });
  };
}
