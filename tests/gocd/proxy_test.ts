// HTTP_PROXY, HTTPS_PROXY and NO_PROXY are respected with permissions for the GoCD server only.

import { assertEquals } from "@std/assert";
import { fakeGocd } from "./fake_gocd.ts";

interface Proxy {
  readonly url: string;
  /** First line of each request. */
  readonly lines: string[];
  close(): void;
}

/** A proxy that answers requests itself, as GoCD 26.1 would, and refuses tunnels. */
function startProxy(): Proxy {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const lines: string[] = [];
  const { handle } = fakeGocd("26.1.0");
  const serve = async (connection: Deno.TcpConn): Promise<void> => {
    const buffer = new Uint8Array(8_192);
    const text = new TextDecoder().decode(buffer.subarray(0, await connection.read(buffer) ?? 0));
    const [first = "", ...headers] = text.split("\r\n");
    lines.push(first);
    await connection.write(await answerTo(first, headers));
    connection.close();
  };
  const answerTo = async (first: string, headers: readonly string[]): Promise<Uint8Array<ArrayBuffer>> => {
    const [method = "", url = ""] = first.split(" ");
    const encoder = new TextEncoder();
    if (method !== "GET") return encoder.encode("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n");
    const pairs = headers.map((line) => /^([^:]+): (.*)$/.exec(line)).filter((match) => match !== null);
    const response = await handle(
      new Request(url, { headers: pairs.map(([, name = "", value = ""]) => [name, value]) }),
    );
    const body = await response.text();
    const type = response.headers.get("content-type") ?? "text/plain";
    return encoder.encode(
      `HTTP/1.1 ${response.status} OK\r\ncontent-type: ${type}\r\ncontent-length: ${encoder.encode(body).length}\r\n` +
        `connection: close\r\n\r\n${body}`,
    );
  };
  void (async (): Promise<void> => {
    for await (const connection of listener) void serve(connection).catch(() => {});
  })();
  const { port } = listener.addr as Deno.NetAddr;
  return { url: `http://127.0.0.1:${port}`, lines, close: () => listener.close() };
}

/** This name does not exist: only a proxy gets there. */
const host = "gocd.invalid";

async function pollWith(env: Record<string, string>, args: readonly string[]): Promise<string> {
  const child = new URL("proxy_child.ts", import.meta.url).pathname;
  const ca = new URL("../fixtures/gocd/ca.pem", import.meta.url).pathname;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-check",
      "--quiet",
      `--allow-net=${host}:8153,${host}:8154`,
      `--allow-read=${ca}`,
      // As src/config/hosts.ts permits.
      `--allow-env=${names.flatMap((name) => [name, name.toLowerCase()]).join(",")}`,
      child,
      ...args,
    ],
    env,
  }).output();
  return new TextDecoder().decode(stdout).trim() || new TextDecoder().decode(stderr);
}

const http = `http://${host}:8153/go`;
const https = `https://${host}:8154/go`;
const ca = new URL("../fixtures/gocd/ca.pem", import.meta.url).pathname;
const names = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"];
const blank = Object.fromEntries(names.flatMap((name) => [[name, ""], [name.toLowerCase(), ""]]));
const reached = "GET http://gocd.invalid:8153/go/api/version HTTP/1.1";

for (
  const [what, env, args, said, first] of [
    ["HTTP_PROXY", ["HTTP_PROXY"], [http], "1 job", reached],
    ["http_proxy in lower case", ["http_proxy"], [http], "1 job", reached],
    ["HTTP_PROXY with custom CA certificates", ["HTTP_PROXY"], [http, ca], "1 job", reached],
    [
      "HTTPS_PROXY that refuses the tunnel",
      ["HTTPS_PROXY"],
      [https],
      "gocd-proxy: unsuccessful tunnel, through the proxy PROXY (HTTPS_PROXY) (check HTTPS_PROXY, or put " +
      "gocd.invalid into NO_PROXY to bypass the proxy (names and addresses without a port; * does not cover " +
      "addresses))",
      "CONNECT gocd.invalid:8154 HTTP/1.1",
    ],
    [
      "a server in NO_PROXY",
      ["HTTP_PROXY", "NO_PROXY"],
      [http],
      "gocd-dns: the host name cannot be resolved (check go-server.host or .url, and DNS)",
      undefined,
    ],
  ] as const
) {
  Deno.test(`the proxy variables of the environment are respected: ${what}`, async () => {
    const proxy = startProxy();
    try {
      const set = Object.fromEntries(env.map((name) => [name, name === "NO_PROXY" ? host : proxy.url]));
      const line = (await pollWith({ ...blank, ...set }, args)).replaceAll(proxy.url, "PROXY");
      assertEquals(line.replace(/: .*: (?=unsuccessful|the host)/, ": "), said);
      assertEquals(proxy.lines[0], first);
    } finally {
      proxy.close();
    }
  });
}

/** A proxy that refuses everything. */
function refusingProxy(status: number): { readonly url: string; close(): Promise<void> } {
  const page = "<!DOCTYPE html><html><head><title>ERROR: Access Denied</title></head></html>";
  const headers = { "content-type": "text/html", "x-squid-error": "ERR_ACCESS_DENIED 0", server: "squid/4.10" };
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => new Response(page, { status, headers }),
  );
  return { url: `http://127.0.0.1:${server.addr.port}`, close: () => server.shutdown() };
}

for (const status of [403, 407]) {
  Deno.test(`the error of a proxy that answers ${status} names the proxy and explains how to bypass it`, async () => {
    const proxy = refusingProxy(status);
    try {
      // Meant for every host, but for addresses Deno does not take it so.
      const line = await pollWith({ ...blank, HTTP_PROXY: proxy.url, NO_PROXY: "127.0.0.1:8153" }, [http]);
      const past =
        "put gocd.invalid into NO_PROXY to bypass the proxy (names and addresses without a port; * does not " +
        "cover addresses)";
      const [code, act] = status === 407
        ? ["gocd-proxy-refused", "name its user in HTTP_PROXY (http://USER:PASSWORD@HOST:PORT)"]
        : ["gocd-blocked", "check HTTP_PROXY"];
      assertEquals(
        line,
        `${code}: GET http://gocd.invalid:8153/go/api/version answered ${status}: not GoCD, but the proxy ${proxy.url} ` +
          `(HTTP_PROXY), squid/4.10, with the page "ERROR: Access Denied" (${act}, or ${past})`,
      );
    } finally {
      await proxy.close();
    }
  });
}

Deno.test("a refused connection to the proxy is reported with the proxy", async () => {
  assertEquals(
    await pollWith({ ...blank, HTTP_PROXY: "http://user:secret@127.0.0.1:1" }, [http]),
    `gocd-proxy: GET ${http}/api/version: the connection was refused, through the proxy http://127.0.0.1:1 ` +
      "(HTTP_PROXY) (check HTTP_PROXY, or put gocd.invalid into NO_PROXY to bypass the proxy (names and addresses " +
      "without " +
      "a port; * does not cover addresses))",
  );
});
