// `deno task site [--output DIR]`: the documents as static HTML that needs no network and no JavaScript, with their links
// checked. The tree is that of the project, so that links work as written; `.md` becomes `.html`.

import { dirname, join, relative } from "node:path/posix";
import { Marked } from "marked";
import { parseArgs } from "@std/cli/parse-args";
import { createAnchors, type PageLink, partsOf, plainText } from "./markdown.ts";
import { siteCss } from "./site_css.ts";
import { say } from "./terminal.ts";

const root = decodeURIComponent(new URL("..", import.meta.url).pathname);
const firstPages = ["README.md", "docs/README.md"] as const;
const home = "docs/README.html";

/** Whether a link is external. */
function isForeign(target: string): boolean {
  return /^[a-z]+:/.test(target);
}

function statOf(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(`${root}${path}`);
  } catch {
    return undefined;
  }
}

/** What a link of a page leads to: a path in the project, of a folder its README; absent: nothing that the site has. */
function destination(page: string, target: string): string | undefined {
  const [file = ""] = target.split("#");
  if (isForeign(target)) return undefined;
  const path = file === "" ? page : join(dirname(page), decodeURIComponent(file)).replace(/\/$/, "");
  const readme = `${path}/README.md`;
  if (statOf(path)?.isDirectory === true) return statOf(readme) === undefined ? undefined : readme;
  return path.startsWith("..") || statOf(path) === undefined ? undefined : path;
}

/** Every document that can be reached, and every other file that one of them shows or links. */
function collect(): { readonly pages: ReadonlyMap<string, string>; readonly files: ReadonlySet<string> } {
  const pages = new Map<string, string>();
  const files = new Set<string>();
  const open: string[] = [...firstPages];
  for (const page of open) {
    if (pages.has(page)) continue;
    const text = Deno.readTextFileSync(`${root}${page}`);
    pages.set(page, text);
    const leads = (link: PageLink): string | undefined => destination(page, link.target);
    for (const path of partsOf(text).links.flatMap((link) => leads(link) ?? [])) {
      if (path.endsWith(".md")) open.push(path);
      else files.add(path);
    }
  }
  return { pages, files };
}

/** The link in the site; absent: it has no target there, and only its text is kept. */
function siteLink(page: string, target: string): string | undefined {
  if (isForeign(target)) return target;
  const [, anchor] = target.split("#");
  const path = destination(page, target);
  if (path === undefined) return undefined;
  const to = path === page && target.startsWith("#") ? "" : relative(dirname(page), path.replace(/\.md$/, ".html"));
  return `${to}${anchor === undefined ? "" : `#${anchor}`}`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

/** A heading of the second level. */
interface Section {
  readonly id: string;
  readonly name: string;
}

/** The body of a page, and what it is about. */
function bodyOf(page: string, text: string): { readonly html: string; readonly contents: readonly Section[] } {
  const idOf = createAnchors();
  const contents: Section[] = [];
  const marked = new Marked({
    renderer: {
      heading(token): string {
        const name = plainText(token.tokens);
        const id = escaped(idOf(name));
        if (token.depth === 2) contents.push({ id, name });
        return `<h${token.depth} id="${id}"><a href="#${id}">${
          this.parser.parseInline(token.tokens)
        }</a></h${token.depth}>\n`;
      },
      link({ href, tokens }): string {
        const to = siteLink(page, href);
        const inner = this.parser.parseInline(tokens);
        return to === undefined ? inner : `<a href="${escaped(to)}">${inner}</a>`;
      },
      image({ href, text: alt }): string {
        return `<img src="${escaped(siteLink(page, href) ?? href)}" alt="${escaped(alt)}" loading="lazy">`;
      },
      html: ({ text: raw }): string => escaped(raw),
    },
  });
  // What may be wider than the window can be scrolled by the keyboard, too.
  const html = String(marked.parse(text, { async: false }))
    .replaceAll("<pre>", '<pre tabindex="0">').replaceAll("<table>", '<div class="wide" tabindex="0"><table>')
    .replaceAll("</table>", "</table></div>");
  return { html, contents };
}

/** From how many sections on a page lists them at its top. */
const contentsMin = 4;

/** A whole page. */
export function pageHtml(page: string, text: string): string {
  const { html, contents } = bodyOf(page, text);
  const up = relative(dirname(page), ".");
  const path = (target: string): string => up === "" ? target : `${up}/${target}`;
  const list = contents.map(({ id, name }) => `<li><a href="#${id}">${escaped(name)}</a></li>`).join("");
  const contentsHtml = contents.length < contentsMin
    ? ""
    : `<details class="contents"><summary>On this page</summary><ul>${list}</ul></details>`;
  const [head = "", rest = ""] = splitAfterTitle(html);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>${escaped(partsOf(text).title)} – gocd-mesos</title>
<link rel="stylesheet" href="${path("style.css")}">
</head>
<body>
<header><a href="${path(home)}">gocd-mesos: documentation</a></header>
<main>
${head}${contentsHtml}${rest}</main>
</body>
</html>
`;
}

function splitAfterTitle(html: string): readonly [string, string] {
  const end = html.indexOf("</h1>");
  return end < 0 ? ["", html] : [html.slice(0, end + "</h1>".length), html.slice(end + "</h1>".length)];
}

/** Writes the site; returns how many pages it has. */
export function writeSite(output: string): number {
  const { pages, files } = collect();
  const place = (path: string): string => {
    Deno.mkdirSync(dirname(`${output}/${path}`), { recursive: true });
    return `${output}/${path}`;
  };
  for (const [page, text] of pages) Deno.writeTextFileSync(place(page.replace(/\.md$/, ".html")), pageHtml(page, text));
  for (const path of files) Deno.copyFileSync(`${root}${path}`, place(path));
  Deno.writeTextFileSync(place("style.css"), siteCss);
  Deno.writeTextFileSync(
    place("index.html"),
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>gocd-mesos</title>` +
      `<meta http-equiv="refresh" content="0; url=${home}"></head><body><a href="${home}">gocd-mesos</a></body></html>\n`,
  );
  return pages.size;
}

/** Dead links and missing images of the site, each with its page. */
export function deadLinks(output: string): readonly string[] {
  const texts = new Map<string, string>();
  const read = (folder: string): void => {
    for (const { name, isDirectory } of Deno.readDirSync(`${output}/${folder}`)) {
      if (isDirectory) {
        read(`${folder}${name}/`);
      } else {texts.set(
          `${folder}${name}`,
          name.endsWith(".html") ? Deno.readTextFileSync(`${output}/${folder}${name}`) : "",
        );}
    }
  };
  read("");
  return [...texts].flatMap(([page, text]) =>
    [...text.matchAll(/(?:href|src)="([^"]*)"/g)].flatMap(([, target = ""]) => {
      if (isForeign(target)) return [];
      const [file = "", anchor] = target.split("#");
      const path = file === "" ? page : join(dirname(page), file);
      const isThere = texts.has(path) && (anchor === undefined || texts.get(path)?.includes(`id="${anchor}"`) === true);
      return isThere ? [] : [`${page}: ${target}`];
    })
  );
}

if (import.meta.main) {
  const { output } = parseArgs(Deno.args, { string: ["output"], default: { output: `${root}dist/site` } });
  const count = writeSite(output);
  const dead = deadLinks(output);
  for (const each of dead) say(`leads nowhere: ${each}`);
  say(`${count} pages in ${output}${dead.length === 0 ? "" : `, ${dead.length} dead links`}`);
  if (dead.length > 0) Deno.exit(1);
}
