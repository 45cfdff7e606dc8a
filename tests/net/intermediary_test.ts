// Identification of intermediaries by their responses. Responses of the servers themselves: tests/gocd, tests/mesos.

import { assertEquals } from "@std/assert";
import { intermediaryOf, isHtml } from "../../src/net/intermediary.ts";
import { proxyFor, proxyHint } from "../../src/net/proxies.ts";

const url = "http://gocd.example:8153/go/api/agents";
const squid = { variable: "HTTP_PROXY", url: "http://10.0.0.9:3128", host: "gocd.example" };

interface Case {
  readonly name: string;
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly proxy?: typeof squid;
  /** Whether the server may have sent it. */
  readonly sends?: boolean;
  readonly want: string | undefined;
}

const squidHeaders = { server: "squid/4.10", "x-squid-error": "ERR_ACCESS_DENIED 0", via: "1.1 proxy1 (squid/4.10)" };
const denied =
  "<!DOCTYPE html><html><head><title>ERROR: The requested URL could not be retrieved</title></head></html>";

const cases: readonly Case[] = [
  { name: "a response of the server itself", status: 403, sends: true, want: undefined },
  {
    name: "a reverse proxy with a page",
    status: 405,
    headers: { server: "nginx" },
    body: "<html><head><title>405 Not Allowed</title></head></html>",
    want: 'other: nginx, with the page "405 Not Allowed"',
  },
  {
    name: "a firewall without a name",
    status: 403,
    body: "<html><title>\n Attention  Required! </title>",
    want: 'other: something else, with the page "Attention Required!"',
  },
  {
    name: "a page without a title",
    status: 403,
    headers: { "content-type": "text/html" },
    want: "other: something else, with an HTML page",
  },
  { name: "plain text", status: 502, body: "Bad Gateway\n", want: 'other: something else, saying "Bad Gateway"' },
  {
    name: "a login gateway",
    status: 302,
    headers: { location: "https://user:pw@sso.example/login?back=token#x", server: "gateway" },
    want: "gateway: gateway, which points to https://sso.example/login",
  },
  {
    name: "a redirect of the server to itself",
    status: 302,
    headers: { location: "/go/auth/login" },
    sends: true,
    want: undefined,
  },
  {
    name: "a forward proxy that refuses, without a variable",
    status: 403,
    headers: squidHeaders,
    body: denied,
    sends: true,
    want: "proxy: squid/4.10, Via: 1.1 proxy1 (squid/4.10), with the page " +
      '"ERROR: The requested URL could not be retrieved"',
  },
  {
    name: "a forward proxy of the environment that requires a login",
    status: 407,
    headers: { "proxy-authenticate": "Basic" },
    proxy: squid,
    sends: true,
    want: "proxy: the proxy http://10.0.0.9:3128 (HTTP_PROXY)",
  },
  {
    name: "an intermediary behind the forward proxy",
    status: 502,
    headers: { server: "edge" },
    proxy: squid,
    want: "proxy: edge through the proxy http://10.0.0.9:3128 (HTTP_PROXY)",
  },
];

for (const { name, status, headers = {}, body = "", proxy, sends = false, want } of cases) {
  Deno.test(`the intermediary of a response is identified: ${name}`, () => {
    const between = intermediaryOf({ status, headers: new Headers(headers), body }, {
      url,
      proxy,
      redact: (text) => text,
      sends: () => sends,
    });
    assertEquals(between === undefined ? undefined : `${between.kind}: ${between.text}`, want);
  });
}

for (
  const [body, isPage] of [
    ['<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN"><html/>', true],
    ['\uFEFF<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head/></html>', true],
    ['<?xml version="1.0"?><!-- gateway --><!-- node 3 -->\n<html xmlns="http://www.w3.org/1999/xhtml"/>', true],
    ["<!-- cached --> <!doctype html><title>x</title>", true],
    ["<HTML>", true],
    ['<?xml version="1.0" encoding="utf-8"?>\n<scheduledJobs></scheduledJobs>', false],
    ['<?xml version="1.0"?><!-- <html> --><scheduledJobs/>', false],
    ["<headline>x</headline>", false],
    ['{"message":"<html>"}', false],
    [`${"<!-- -->".repeat(10_000)}<x`, false],
  ] as const
) {
  Deno.test(`the body ${JSON.stringify(body.slice(0, 60))} is ${isPage ? "" : "not "}an HTML page`, () => {
    assertEquals(isHtml({ headers: new Headers({ "content-type": "text/xml" }), body }), isPage);
  });
}

Deno.test("the description of an intermediary contains no secret", () => {
  const asked = {
    url,
    proxy: undefined,
    redact: (text: string) => text.replaceAll("hunter2", "***"),
    sends: () => false,
  };
  const answer = { status: 502, headers: new Headers({ server: "hunter2" }), body: "you said hunter2" };
  assertEquals(intermediaryOf(answer, asked)?.text, '***, saying "you said ***"');
});

const environments: readonly (readonly [env: Record<string, string>, url: string, proxy: string | undefined])[] = [
  [{}, "http://m1:5050/", undefined],
  [{ HTTP_PROXY: "http://u:pw@p:3128/x?y" }, "http://m1:5050/", "HTTP_PROXY http://p:3128/x"],
  [{ http_proxy: "u:pw@p:3128" }, "http://m1:5050/", "http_proxy p:3128"],
  [{ HTTP_PROXY: "http://p:3128" }, "https://m1:5050/", undefined],
  [{ HTTPS_PROXY: "http://p:3128" }, "https://m1:5050/", "HTTPS_PROXY http://p:3128"],
  [{ ALL_PROXY: "http://p:3128" }, "https://m1:5050/", "ALL_PROXY http://p:3128"],
  [{ HTTP_PROXY: "http://p:3128", NO_PROXY: "*" }, "http://m1:5050/", undefined],
  [{ HTTP_PROXY: "http://p:3128", NO_PROXY: "*" }, "http://127.0.0.1:5050/", "HTTP_PROXY http://p:3128"],
  [{ HTTP_PROXY: "http://p:3128", NO_PROXY: "127.0.0.1:5050" }, "http://127.0.0.1:5050/", "HTTP_PROXY http://p:3128"],
];

for (const [env, to, want] of environments) {
  Deno.test(`with ${JSON.stringify(env)} the proxy to ${to} is ${want ?? "none"}`, () => {
    const proxy = proxyFor(to, (name) => env[name]);
    assertEquals(proxy === undefined ? undefined : `${proxy.variable} ${proxy.url}`, want);
  });
}

Deno.test("without permission for the environment no proxy is named", () => {
  const deny = (): never => {
    throw new Deno.errors.NotCapable("no");
  };
  assertEquals(proxyFor(url, deny), undefined);
  assertEquals(
    proxyHint(undefined, undefined),
    "check HTTP_PROXY, or put the host into NO_PROXY to bypass the proxy (names and addresses without a port; * does " +
      "not cover addresses)",
  );
});
