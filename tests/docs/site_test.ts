// The documents as a site: no dead link, no external content, no JavaScript.

import { assert, assertEquals } from "@std/assert";
import { deadLinks, pageHtml, writeSite } from "../../scripts/site.ts";

Deno.test("the site has no dead link, and needs neither the network nor JavaScript", () => {
  const folder = Deno.makeTempDirSync({ prefix: "gocd-mesos-site-" });
  try {
    assert(writeSite(folder) > 100, "the pages are found");
    assertEquals(deadLinks(folder), []);
    const page = Deno.readTextFileSync(`${folder}/docs/operations.html`);
    assertEquals([...page.matchAll(/<script|src="http|<link [^>]*href="http/g)].length, 0);
    // What a link of the whole site would miss, were it dead.
    Deno.writeTextFileSync(`${folder}/docs/odd.html`, '<a href="none.html">x</a><a href="api.html#none">y</a>');
    assertEquals(deadLinks(folder), ["docs/odd.html: none.html", "docs/odd.html: api.html#none"]);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("a page of the site has the content of its source, with escaped HTML", () => {
  const html = pageHtml(
    "docs/x.md",
    "# The *title*\n\n## A part\n\n[api](api.md#on-a-terminal) <script>alert(1)</script> `a<b`",
  );
  for (
    const part of [
      "<title>The title – gocd-mesos</title>",
      'href="../style.css"',
      '<h2 id="a-part"><a href="#a-part">A part</a></h2>',
      '<a href="api.html#on-a-terminal">api</a>',
      "&lt;script&gt;",
      "<code>a&lt;b</code>",
    ]
  ) {
    assert(html.includes(part), `${part} is missing in ${html}`);
  }
});
