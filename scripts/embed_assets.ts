// `deno run -RW scripts/embed_assets.ts` embeds the assets of the status page in src/web/assets/embedded.ts, and
// framework.conf.example in src/cli/example_text.ts, so that `deno compile` of every release includes them;
// tests/web/parts_test.ts and tests/cli/cli_test.ts fail when they are out of date.

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

if (import.meta.main) {
  Deno.writeTextFileSync(new URL("embedded.ts", folder), embeddedText());
  Deno.writeTextFileSync(exampleFile, exampleModuleText());
}
