// Quotes operator input in a message. Not for secrets (secret.ts).

/**
 * The text in quotes, shortened. Never call it with a secret. Text before an `@` is omitted, as it may be credentials
 * (but not an image name before its digest), and so are further lines: an unclosed quote may have swallowed a secret.
 */
export function quote(text: string): string {
  const [line = "", ...more] = text.trim().split(/[\r\n]+/);
  const shown = line.replace(/[^,]*@(?!sha256:)/g, "***@") + (more.length === 0 ? "" : "...");
  // deno-lint-ignore no-control-regex
  const clean = shown.replace(/[\s\u0000-\u001f\u007f-\u009f]+/g, " ").trim();
  return clean.length > 60 ? `"${clean.slice(0, 57)}..."` : `"${clean}"`;
}
