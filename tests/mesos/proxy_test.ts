// HTTP_PROXY and NO_PROXY are respected by the port probe, SUBSCRIBE and acknowledgements.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { accepted, openStream, type ScriptedMaster, startMaster, subscribed } from "../support/scripted_master.ts";

async function childWith(env: Record<string, string>, master: string): Promise<string> {
  const child = new URL("proxy_child.ts", import.meta.url).pathname;
  const config = new URL("../../deno.json", import.meta.url).pathname;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-check",
      "--quiet",
      "--no-prompt",
      `--config=${config}`,
      "--allow-net",
      "--allow-env",
      child,
      master,
    ],
    env: { no_proxy: "", NO_PROXY: "", ...env, NO_COLOR: "1" },
    signal: AbortSignal.timeout(60_000),
  }).output();
  return new TextDecoder().decode(stdout).trim() || new TextDecoder().decode(stderr);
}

/** A master, or a proxy that is asked for one: both are asked the same. */
function masterLike(): ScriptedMaster {
  return startMaster(({ call }) => {
    if (call["type"] !== "SUBSCRIBE") return accepted();
    const stream = openStream();
    stream.send(subscribed);
    return stream.response;
  });
}

const types = ({ asked }: ScriptedMaster): readonly unknown[] => asked.map(({ call }) => call["type"]);

Deno.test("SUBSCRIBE and acknowledgements are sent through the proxy", async () => {
  await using proxy = masterLike();
  // This name does not exist: probed without the proxy, the host would count as dead.
  const line = await childWith({ http_proxy: `http://${proxy.address}` }, "master.invalid:5050");
  assertStringIncludes(line, "acknowledged at master.invalid:5050");
  assertEquals(types(proxy), ["SUBSCRIBE", "ACKNOWLEDGE"]);
});

Deno.test("a master in NO_PROXY is contacted directly", async () => {
  await using proxy = masterLike();
  await using master = masterLike();
  const env = { "http_proxy": `http://${proxy.address}`, NO_PROXY: "127.0.0.1" };
  assertStringIncludes(await childWith(env, master.address), `acknowledged at ${master.address}`);
  assertEquals([types(proxy), types(master)], [[], ["SUBSCRIBE", "ACKNOWLEDGE"]]);
});

Deno.test("an error of the proxy names the proxy", async () => {
  const past = "put master.invalid into NO_PROXY to bypass the proxy";
  const refused = await childWith({ http_proxy: "http://127.0.0.1:1" }, "master.invalid:5050");
  assertStringIncludes(
    refused,
    "the connection was refused, through the proxy http://127.0.0.1:1 (http_proxy)",
  );
  assertStringIncludes(refused, past);
  await using proxy = startMaster(() =>
    new Response("<html><title>ERROR</title></html>", { status: 407, headers: { "proxy-authenticate": "Basic" } })
  );
  const login = await childWith({ http_proxy: `http://${proxy.address}` }, "master.invalid:5050");
  assertStringIncludes(
    login,
    `answered SUBSCRIBE with 407: not a master, but the proxy http://${proxy.address} (http_proxy), with the page "ERROR"`,
  );
  assertStringIncludes(login, "name its user in http_proxy (http://USER:PASSWORD@HOST:PORT)");
});
