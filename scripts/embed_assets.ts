// `deno run -RW scripts/embed_assets.ts` embeds the assets of the status page in src/web/assets/embedded.ts, and
// framework.conf.example in src/cli/example_text.ts, so that `deno compile` of every release includes them, and writes
// docs/configuration.md out of the table of keys; tests/web/parts_test.ts and tests/cli/cli_test.ts fail when one is out of
// date.

import { keys, type KeySpec } from "../src/config/keys.ts";

const folder = new URL("../src/web/assets/", import.meta.url);

/** The assets of the status page: name of the constant, file. */
export const assetFiles: readonly (readonly [string, string])[] = [
  ["pageCss", "page.css"],
  ["pageJs", "page.js"],
  ["iconSvg", "icon.svg"],
];

/** The text of embedded.ts for the files as they are now. */
export function embeddedText(): string {
  const constants = assetFiles.map(([name, file]) => {
    const text = Deno.readTextFileSync(new URL(file, folder));
    return `/** The file ${file}. */
export const ${name}: string = ${JSON.stringify(text)};
`;
  });
  return `// The assets of the status page as text. Made by scripts/embed_assets.ts from the files beside it: do not edit.\n` +
    `// deno-fmt-ignore-file\n\n${constants.join("\n")}`;
}

const exampleFile = new URL("../src/cli/example_text.ts", import.meta.url);

/** The text of example_text.ts for the example as it is now. */
export function exampleModuleText(): string {
  const text = Deno.readTextFileSync(new URL("../framework.conf.example", import.meta.url));
  return `// framework.conf.example as text. Made by scripts/embed_assets.ts: do not edit.
// deno-fmt-ignore-file

/** The example of a configuration. */
export const exampleText: string = ${JSON.stringify(text)};
`;
}

const referenceFile = new URL("../docs/configuration.md", import.meta.url);

/** The text of docs/configuration.md: every key in its section. */
export function referenceText(): string {
  const sections = Map.groupBy(keys, ({ path }) => path.includes(".") ? path.slice(0, path.lastIndexOf(".")) : "");
  const parts = [...sections].map(([section, specs]) =>
    `## ${section === "" ? "gocd-mesos" : `\`${section}\``}\n\n${specs.map(keyText).join("\n\n")}`
  );
  return `# Configuration: every key

Made by scripts/embed_assets.ts from the table of keys (\`src/config/keys.ts\`): do not edit. \`gocd-mesos help KEY\` tells the
same; [framework.conf.example](../framework.conf.example) has all of it as a file to begin with, and says how durations,
sizes and secrets are written. All keys are in the object \`gocd-mesos\`. A profile (\`profiles.NAME\`) has the keys of
\`go-agent\`, and inherits what it does not set.

${parts.join("\n\n")}
`;
}

function keyText({ path, type, words, default: value, doc, example, isGoAgentOnly }: KeySpec): string {
  const code = (text: string): string => `\`${text}\``;
  const facts = [
    words === undefined ? type : words.map((word) => `\`${word}\``).join(", "),
    value === undefined ? "no default" : `default ${code(value)}`,
    `e.g. ${code(example)}`,
    ...(isGoAgentOnly === true ? ["not in profiles"] : []),
  ];
  return `### \`${path}\`\n\n${facts.join("; ")}\n\n${doc.replaceAll("*", "\\*")}.`;
}

if (import.meta.main) {
  Deno.writeTextFileSync(referenceFile, referenceText());
  Deno.writeTextFileSync(new URL("embedded.ts", folder), embeddedText());
  Deno.writeTextFileSync(exampleFile, exampleModuleText());
}
