// Generates src/mesos/proto/schema_text.ts from the .proto files, so that the executable needs no files and no
// permissions for them.

const folder = new URL("../src/mesos/proto/", import.meta.url);
const sources = ["mesos.proto", "task.proto", "scheduler.proto"] as const;

/** The text that `schema_text.ts` must have: one string for each definition of the .proto files, comments left out. */
export function schemaTextSource(): string {
  const lines = sources.map((name) => {
    const text = Deno.readTextFileSync(new URL(name, folder));
    return `  [\n${definitionsOf(text).map((line) => `    ${JSON.stringify(line)},\n`).join("")}  ],\n`;
  });
  return [
    "// The .proto files of this folder as text. Made by scripts/proto.ts: do not edit.\n\n",
    "/** The .proto files in the order in which they are loaded, each as its definitions. */\n",
    "export const schemaTexts: readonly (readonly string[])[] = [\n",
    ...lines,
    "];\n",
  ].join("");
}

function definitionsOf(text: string): string[] {
  const bare = text.replaceAll(/\/\/.*$/gm, "");
  return bare.split(/^(?=\S)(?!\})/m).map((part) => part.replaceAll(/\s+/g, " ").trim())
    .filter((part) => part !== "" && !part.startsWith("import "))
    .map((part) => part.replaceAll('"', "'"));
}

if (import.meta.main) Deno.writeTextFileSync(new URL("schema_text.ts", folder), schemaTextSource());
