// Redaction of our secrets in external texts, in each form in which they may be echoed. Where it is applied: tests/wire.

import { assertEquals } from "@std/assert";
import fc, { anyCharacter } from "./support/properties.ts";
import { createRedactor } from "../src/secret.ts";

const secret = `pa"ss\\w<o>r&d +/%' x`;
const base64 = (text: string): string => btoa(text);

const echoes: readonly (readonly [name: string, echo: string])[] = [
  ["as it is", secret],
  ["in base64", base64(secret)],
  ["in base64 for URLs", base64(secret).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")],
  ["in base64 wrapped over lines", base64(secret).replace(/(.{10})/g, "$1\r\n ")],
  ["in a URL", encodeURIComponent(secret)],
  ["in a URL with lower-case escapes", encodeURIComponent(secret).replace(/%../g, (code) => code.toLowerCase())],
  ["in a form", encodeURIComponent(secret).replaceAll("%20", "+")],
  ["in JSON", JSON.stringify(secret)],
  ["in HTML", secret.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")],
  [
    "in an attribute",
    secret.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;")
      .replaceAll("'", "&#39;"),
  ],
  ["with different white space", secret.replaceAll(" ", "\n\t")],
];
for (const [name, echo] of echoes) {
  Deno.test(`a secret that is echoed ${name} is replaced by ***`, () => {
    const shown = createRedactor([secret])(`said (${echo}) to it`);
    assertEquals(/^said \("?\*\*\*(={0,2}|\s*)"?\) to it$/.test(shown), true, shown);
  });
}

Deno.test("each line of a multi-line secret is redacted", () => {
  const redact = createRedactor(["-----BEGIN KEY-----\nabcdefghijk\nlmnopqrstuv\n"]);
  assertEquals(redact("line lmnopqrstuv of it"), "line *** of it");
});

Deno.test("without secrets, or with secrets of fewer than four characters, texts are unchanged", () => {
  assertEquals(createRedactor(["abc", ""])("abc abc"), "abc abc");
  assertEquals(createRedactor([])("abc"), "abc");
});

Deno.test("no secret of four characters or more is left in any text", () => {
  const anySecret = fc.string({ unit: anyCharacter, minLength: 4, maxLength: 40 }).filter((text) =>
    text.trim().length >= 4
  );
  fc.assert(fc.property(anySecret, fc.string(), fc.string(), (text, before, after) => {
    const shown = createRedactor([text])(before + text + after);
    assertEquals(shown.includes(text) && !"***".includes(text), false);
  }));
});

Deno.test("the first word of a secret followed by 200,000 blanks is left unchanged", () => {
  const redact = createRedactor(["first second third"]);
  const text = `first${" ".repeat(200_000)}x`;
  assertEquals(redact(text), text);
});
