// Identifies who responded: the server itself, or an intermediary such as a proxy, a load balancer, a login gateway or
// a firewall. What a server itself sends, and what the operator can do, is defined in gocd/ and mesos/.

import { oneLine } from "../core/text.ts";
import { withoutQuery } from "./addresses.ts";
import { type ProxyInUse, proxyText } from "./proxies.ts";

/** The parts of a response that show who sent it. */
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

/** The requested server. */
export interface AskedServer {
  /** Full URL of the request. */
  readonly url: string;
  /** The proxy that `fetch` uses for it, if any. */
  readonly proxy: ProxyInUse | undefined;
  /** Redacts our own secrets in what is quoted. */
  readonly redact: (text: string) => string;
  /** Whether the server itself sends such a response, as far as its client knows. */
  readonly sends: (answer: AnswerTraits) => boolean;
}

/** The intermediary that responded instead of the server. */
export interface Intermediary {
  /** `proxy`: one set in the environment, or one that identifies itself as such; `gateway`: it redirects elsewhere. */
  readonly kind: "proxy" | "gateway" | "other";
  /** Its name, page and redirect target, as a clause: `nginx, with the page "405 Not Allowed"`. */
  readonly text: string;
  /** Its redirect target, if elsewhere. */
  readonly elsewhere?: string;
}

/** The intermediary that responded instead of the server; `undefined` if the server itself may have. */
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

/** A page, including XHTML, which may start like XML; template comments may precede it. */
const pageStart = /^\uFEFF?\s*(?:<\?xml[^>]*>\s*)?(?:<!--(?:(?!-->)[^])*-->\s*)*<(?:!doctype\s+html|html|head|body)\b/i;

/** Whether the body is an HTML page, or has its content type. */
export function isHtml({ headers, body }: Pick<AnswerTraits, "headers" | "body">): boolean {
  return pageStart.test(body) ||
    (headers.get("content-type") ?? "").toLowerCase().includes("html");
}

const quoteLengthMax = 80;
const nameLengthMax = 60;

/** Its text: for a page only the title, because the rest is markup. */
function saidText(answer: Pick<AnswerTraits, "headers" | "body">): string[] {
  const isPage = isHtml(answer);
  const words = isPage
    ? /<title[^>]*>([^<]*)/i.exec(answer.body)?.[1] ?? ""
    : /"(?:message|error)"\s*:\s*"([^"\\]*)"/.exec(answer.body)?.[1] ?? answer.body;
  const text = oneLine(words, quoteLengthMax);
  if (text === "") return isPage ? ["with an HTML page"] : [];
  return [isPage ? `with the page "${text}"` : `saying "${text}"`];
}

/** There may be an unknown proxy, or the address may be wrong. */
function whoText(name: string | undefined, isProxy: boolean, proxy: ProxyInUse | undefined): string {
  if (proxy === undefined) return name ?? (isProxy ? "a proxy" : "something else");
  if (isProxy) return name === undefined ? proxyText(proxy) : `${proxyText(proxy)}, ${name}`;
  return `${name ?? "something else"} through ${proxyText(proxy)}`;
}

/** Its own name. */
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
