// Escaping: any value inserted into a template stays text.

import { assertEquals } from "@std/assert";
import fc from "../support/properties.ts";
import { escapeHtml, html } from "../../src/web/html.ts";

Deno.test("inserted text is escaped, also in quoted attributes", () => {
  const name = `<b a="1" b='2'>&\``;
  assertEquals(
    html`<td title="${name}">${name}</td>`.markup,
    `<td title="${escapeHtml(name)}">${escapeHtml(name)}</td>`,
  );
  assertEquals(escapeHtml(name), "&lt;b a=&quot;1&quot; b=&#39;2&#39;&gt;&amp;&#96;");
});

Deno.test("templates insert markup unchanged, join lists, omit undefined and format numbers", () => {
  assertEquals(html`${[html`<i>${1}</i>`, "<", undefined, 2]}`.markup, "<i>1</i>&lt;2");
});

Deno.test("an object that only looks like markup is escaped", () => {
  const forged = JSON.parse('{"markup":"<script>"}');
  assertEquals(html`${forged}`.markup, "&lt;script&gt;");
});

Deno.test("control and bidirectional characters are replaced, and line breaks and tabs are kept", () => {
  assertEquals(escapeHtml("a\u0000b\u001b\u0085c\u202ed\ud800\n\t"), "a\ufffdb\ufffd\ufffdc\ufffdd\ufffd\n\t");
});

Deno.test("only markup and control characters of ASCII are escaped", () => {
  const changed: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
    "`": "&#96;",
  };
  for (let code = 0; code < 0x80; code++) {
    const character = String.fromCharCode(code);
    const isControl = (code < 0x20 && !"\t\n\r".includes(character)) || code === 0x7f;
    assertEquals(escapeHtml(`a${character}`), `a${isControl ? "\ufffd" : changed[character] ?? character}`);
  }
});

Deno.test("escaped text cannot open a tag, close an attribute or start an entity, and can be unescaped", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme", maxLength: 60 }), (text) => {
    const escaped = escapeHtml(text);
    assertEquals(/[<>"'`]/.test(escaped), false);
    assertEquals(/&(?!amp;|lt;|gt;|quot;|#39;|#96;)/.test(escaped), false);
    const back = escaped.replace(/&#39;/g, "'").replace(/&#96;/g, "`").replace(/&quot;/g, '"')
      .replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");
    assertEquals(back, text.replace(/[^\P{Cc}\t\n\r]|\p{Bidi_Control}/gu, "\ufffd"));
  }));
});
