// The links of the documents: every link has a target, and each page of docs can be reached from the index.

import { assertEquals } from "@std/assert";
import { dirname, join } from "node:path/posix";
import { partsOf } from "../../scripts/markdown.ts";
import { pages } from "./pages.ts";

const parts = new Map([...pages()].map(([path, text]) => [path, partsOf(text)]));

function exists(path: string): boolean {
  try {
    Deno.statSync(new URL(`../../${path}`, import.meta.url));
    return true;
  } catch {
    return false;
  }
}

/** What is wrong with a link of a page; nothing where it leads somewhere, or out of the project. */
function flawOf(page: string, target: string): string | undefined {
  if (/^(https?|mailto):/.test(target)) return undefined;
  const [file = "", anchor] = target.split("#");
  const path = file === "" ? page : join(dirname(page), decodeURIComponent(file)).replace(/\/$/, "");
  if (path.startsWith("..") || !exists(path)) return `${page}: ${target}: there is no ${path}`;
  if (anchor === undefined) return undefined;
  return parts.get(path)?.anchors.has(anchor) === true ? undefined : `${page}: ${target}: ${path} has no such heading`;
}

Deno.test("every link in a document leads to an existing file and heading", () => {
  const flaws = [...parts].flatMap(([page, { links }]) => links.flatMap(({ target }) => flawOf(page, target) ?? []));
  assertEquals(flaws, []);
});

Deno.test("docs/README.md links every page of docs, and every document can be reached from the README", () => {
  const index = parts.get("docs/README.md")?.links.map(({ target }) => target.split("#")[0]) ?? [];
  const unlisted = [...parts.keys()].filter((page) =>
    /^docs\/[^/]+\.md$/.test(page) && page !== "docs/README.md" && !index.includes(page.slice("docs/".length))
  );
  assertEquals(unlisted, []);
  const reached = new Set(["README.md"]);
  for (const page of reached) {
    for (const { target } of parts.get(page)?.links ?? []) {
      const path = join(dirname(page), target.split("#")[0] ?? "");
      if (parts.has(path)) reached.add(path);
    }
  }
  const lost = [...parts.keys()].filter((page) => !reached.has(page) && /^(docs\/|[^/]+$)/.test(page));
  assertEquals(lost, []);
});

Deno.test("a dead link is found", () => {
  assertEquals(flawOf("docs/page.md", "none.md"), "docs/page.md: none.md: there is no docs/none.md");
  assertEquals(flawOf("docs/page.md", "api.md#none"), "docs/page.md: api.md#none: docs/api.md has no such heading");
});
