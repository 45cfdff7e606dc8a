// Who answered: the server that was asked, or something in between, such as a proxy, a balancer, a login gateway or a
// firewall. Not here: what a server sends itself, and what the operator can do (gocd/, mesos/).

import { oneLine } from "../core/text.ts";
import { withoutQuery } from "./addresses.ts";
import { type ProxyInUse, proxyText } from "./proxies.ts";

/** An answer, as far as it shows who sent it. */
export interface AnswerTraits {
  /** The HTTP status. */
  readonly status: number;
  /** All headers. */
  readonly headers: Headers;
  /** The first part of the body. */
  readonly body: string;
  /** Where a redirect leads, if that is another host, port or protocol. */
  readonly elsewhere?: string;
}

/** The server that was asked. */
export interface AskedServer {
  /** Full URL of the request. */
  readonly url: string;
  /** The proxy that `fetch` uses for it, if any. */
  readonly proxy: ProxyInUse | undefined;
  /** Redacts our own secrets in what is quoted. */
  readonly redact: (text: string) => string;
  /** Whether the server itself sends such an answer, as far as its client can tell. */
  readonly sends: (answer: AnswerTraits) => boolean;
}

/** What has answered in place of the server. */
export interface Intermediary {
  /** `proxy`: one of the environment, or one that calls itself so; `gateway`: it sends elsewhere. */
  readonly kind: "proxy" | "gateway" | "other";
  /** Who it is, what it showed and where it pointed to, as a clause: `nginx, with the page "405 Not Allowed"`. */
  readonly text: string;
  /** Where it pointed to, if elsewhere. */
  readonly elsewhere?: string;
}

/** What has answered in place of the server; `undefined` if the server itself may have. */
export function intermediaryOf(answer: Omit<AnswerTraits, "elsewhere">, asked: AskedServer): Intermediary | undefined {
  const { headers } = answer;
  const isProxy = answer.status === 407 || headers.has("proxy-authenticate") || headers.has("x-squid-error");
  const elsewhere = redirectTarget(answer, asked.url);
  const traits = elsewhere === undefined ? answer : { ...answer, elsewhere };
  if (!isProxy && asked.sends(traits)) return undefined;
  const shown = [
    whoText(nameOf(headers), isProxy, asked.proxy),
    ...(elsewhere === undefined ? [] : [`which points to ${elsewhere}`]),
    ...saidText(answer),
  ];
  const kind = isProxy || asked.proxy !== undefined ? "proxy" : elsewhere === undefined ? "other" : "gateway";
  return { kind, text: asked.redact(shown.join(", ")), ...(elsewhere === undefined ? {} : { elsewhere }) };
}

/** A page, also one of XHTML, which may begin as XML does; comments of templates stand before it. */
const pageStart = /^\uFEFF?\s*(?:<\?xml[^>]*>\s*)?(?:<!--(?:(?!-->)[^])*-->\s*)*<(?:!doctype\s+html|html|head|body)\b/i;

/** Whether the body is an HTML page, or at least called so. */
export function isHtml({ headers, body }: Pick<AnswerTraits, "headers" | "body">): boolean {
  return pageStart.test(body) ||
    (headers.get("content-type") ?? "").toLowerCase().includes("html");
}

const quoteLengthMax = 80;
const nameLengthMax = 60;

/** What it said: of a page only the title, as the rest is markup. */
function saidText(answer: Pick<AnswerTraits, "headers" | "body">): string[] {
  const isPage = isHtml(answer);
  const words = isPage
    ? /<title[^>]*>([^<]*)/i.exec(answer.body)?.[1] ?? ""
    : /"(?:message|error)"\s*:\s*"([^"\\]*)"/.exec(answer.body)?.[1] ?? answer.body;
  const text = oneLine(words, quoteLengthMax);
  if (text === "") return isPage ? ["with an HTML page"] : [];
  return [isPage ? `with the page "${text}"` : `saying "${text}"`];
}

/** That nobody knows of a proxy does not mean that there is none: the address may be a wrong one, too. */
function whoText(name: string | undefined, isProxy: boolean, proxy: ProxyInUse | undefined): string {
  if (proxy === undefined) return name ?? (isProxy ? "a proxy" : "something else");
  if (isProxy) return name === undefined ? proxyText(proxy) : `${proxyText(proxy)}, ${name}`;
  return `${name ?? "something else"} on the way through ${proxyText(proxy)}`;
}

/** What it calls itself. */
function nameOf(headers: Headers): string | undefined {
  const server = oneLine(headers.get("server") ?? "", nameLengthMax);
  const via = oneLine(headers.get("via") ?? "", nameLengthMax);
  const parts = [server, via === "" ? "" : `Via: ${via}`].filter((part) => part !== "");
  return parts.length === 0 ? undefined : parts.join(", ");
}

function redirectTarget(
  { status, headers }: Pick<AnswerTraits, "status" | "headers">,
  url: string,
): string | undefined {
  const location = headers.get("location");
  if (status < 300 || status >= 400 || location === null || !URL.canParse(location, url)) return undefined;
  const target = new URL(location, url);
  return target.origin === new URL(url).origin ? undefined : withoutQuery(target.href);
}
