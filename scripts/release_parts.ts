// What an executable embeds: its npm packages out of `deno info`, as a CycloneDX bill of materials and a text of licences.

import * as v from "valibot";

/** A package that the executable embeds. */
export interface Part {
  readonly name: string;
  readonly version: string;
  /** Of its archive, as in deno.lock: `sha512-…` in base64. */
  readonly integrity: string;
  /** The SPDX expression of its package.json. */
  readonly licence: string;
  /** The text of its licence; empty if it has none. */
  readonly licenceText: string;
}

const infoShape = v.object({
  modules: v.array(v.object({ npmPackage: v.optional(v.string()) })),
  npmPackages: v.record(
    v.string(),
    v.object({
      name: v.string(),
      version: v.string(),
      dependencies: v.array(v.string()),
      localPath: v.string(),
    }),
  ),
});

const lockShape = v.object({ npm: v.record(v.string(), v.object({ integrity: v.string() })) });
const licenceShape = v.object({ license: v.optional(v.string(), "unknown") });

/** The packages that the entry imports, and theirs. `info`: of `deno info --json main.ts`; `lock`: of deno.lock. */
export function embeddedParts(info: unknown, lock: unknown, readText: (path: string) => string): readonly Part[] {
  const { modules, npmPackages } = v.parse(infoShape, info);
  const { npm } = v.parse(lockShape, lock);
  const found = new Set<string>();
  const add = (id: string): void => {
    if (found.has(id)) return;
    found.add(id);
    for (const dependency of npmPackages[id]?.dependencies ?? []) add(dependency);
  };
  for (const { npmPackage } of modules) {
    if (npmPackage !== undefined) add(npmPackage);
  }
  return [...found].sort().map((id) => {
    const at = npmPackages[id];
    const integrity = npm[id]?.integrity;
    if (at === undefined || integrity === undefined) throw new Error(`${id} is not in deno.lock`);
    const { license } = v.parse(licenceShape, JSON.parse(readText(`${at.localPath}/package.json`)));
    return { ...at, integrity, licence: license, licenceText: licenceText(at.localPath, readText) };
  });
}

const licenceFiles = ["LICENSE", "LICENSE.md", "LICENSE.txt", "LICENCE", "license", "License", "LICENSE-MIT"];

function licenceText(folder: string, readText: (path: string) => string): string {
  for (const name of licenceFiles) {
    try {
      return readText(`${folder}/${name}`).trim();
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return "";
}

/** The runtime that each executable begins with. */
export interface Runtime {
  /** Of Deno. */
  readonly version: string;
}

/** A bill of materials in the format CycloneDX 1.5 (https://cyclonedx.org/docs/1.5/json/); the same for the same parts. */
export function billOfMaterials(version: string, runtime: Runtime, parts: readonly Part[]): string {
  const component = { type: "application", name: "gocd-mesos", version, "bom-ref": `gocd-mesos@${version}` };
  return JSON.stringify(
    {
      bomFormat: "CycloneDX",
      specVersion: "1.5",
      version: 1,
      metadata: { component: { ...component, licenses: [{ license: { id: "Apache-2.0" } }] } },
      components: [
        {
          type: "platform",
          name: "deno",
          version: runtime.version,
          "bom-ref": `deno@${runtime.version}`,
          purl: `pkg:github/denoland/deno@v${runtime.version}`,
          licenses: [{ license: { id: "MIT" } }],
        },
        ...parts.map(({ name, version: of, integrity, licence }) => ({
          type: "library",
          name,
          version: of,
          "bom-ref": `${name}@${of}`,
          purl: `pkg:npm/${name.replace("@", "%40")}@${of}`,
          hashes: [{ alg: "SHA-512", content: hexOf(integrity) }],
          licenses: [{ expression: licence }],
        })),
      ],
      dependencies: [{
        ref: component["bom-ref"],
        dependsOn: [`deno@${runtime.version}`, ...parts.map(({ name, version: of }) => `${name}@${of}`)],
      }],
    },
    null,
    2,
  ) + "\n";
}

function hexOf(integrity: string): string {
  const base64 = integrity.replace(/^sha512-/, "");
  return [...atob(base64)].map((byte) => byte.charCodeAt(0).toString(16).padStart(2, "0")).join("");
}

/** The licences of all that is embedded, one after the other. */
export function licencesText(runtime: Runtime, parts: readonly Part[]): string {
  const deno =
    `deno ${runtime.version}, MIT\n\nThe Deno runtime with V8 and its libraries: https://github.com/denoland/deno`;
  const sections = parts.map(({ name, version, licence, licenceText: text }) =>
    `${name} ${version}, ${licence}${text === "" ? "" : `\n\n${text}`}`
  );
  return [`gocd-mesos embeds:`, deno, ...sections].join(`\n\n${"-".repeat(80)}\n\n`) + "\n";
}
