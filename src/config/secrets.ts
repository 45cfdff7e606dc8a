// Reads the secrets and files that the configuration names.

import { Secret } from "../secret.ts";
import { ConfigError } from "./config_error.ts";
import { hintOf, pathBeside, reasonOf } from "./hocon.ts";
import { addProblem, find, type Found, type Reader, textOf } from "./reader.ts";

/**
 * The secret of `key` or of the file that `key-file` names; `undefined` if both are absent or empty. A file is read
 * at each reveal, which throws {@linkcode ConfigError} `config-secret-file` when it has gone.
 */
export function secretAt(reader: Reader, key: string): Secret | undefined {
  const inFile = find(reader, `${key}-file`);
  if (!reader.wantsSecret(key)) {
    noteFile(reader, inFile);
    return undefined;
  }
  const direct = find(reader, key);
  const written = direct === undefined ? undefined : textOf(reader, direct);
  const text = written === undefined ? undefined : bareSecret(written);
  const file = inFile === undefined ? undefined : textOf(reader, inFile)?.trim();
  const hasText = text !== undefined && text !== "";
  const hasFile = file !== undefined && file !== "" && inFile !== undefined;
  if (hasText && hasFile) {
    const message = `both ${key} and ${key}-file are given`;
    addProblem(reader, inFile, { code: "config-conflict", message, hint: "remove one of them" });
  }
  if (hasFile) return fileSecret(reader, inFile, file);
  if (!hasText || direct === undefined) return undefined;
  tellBlanks(reader, direct, written ?? "");
  return new Secret(key, () => text);
}

/** A file that is not read now still counts for the permissions of a start. */
function noteFile(reader: Reader, found: Found | undefined): void {
  const name = found?.conf.kind === "text" ? found.conf.text.trim() : "";
  if (name !== "") reader.readFiles.push(pathBeside(reader.file, name));
}

/** A secret without the byte order mark of an editor and the line break of `echo`. */
function bareSecret(text: string): string {
  return text.replace(/^\uFEFF/, "").replace(/\r?\n$/, "");
}

/** Reports what was removed from a secret, and what was kept but looks like a mistake. */
function tellBlanks({ warnings, details }: Reader, { key, conf: { at } }: Found, written: string): void {
  const text = bareSecret(written);
  const removed = [
    ...(written.startsWith("\uFEFF") ? ["a byte order mark"] : []),
    ...(written.endsWith("\n") ? ["a line break"] : []),
  ];
  const place = `${at.file}:${at.line}: ${key}`;
  if (removed.length > 0) details.push(`${place}: removed ${removed.join(" and ")} from the secret`);
  if (text !== text.trim()) warnings.push(`${place} starts or ends with whitespace, which is treated as part of it`);
}

/** The text of the PEM file that `key` names, as a list of none or one. */
export function caCertsAt(reader: Reader, key: string): readonly string[] {
  const found = find(reader, key);
  if (!reader.wantsSecret(key)) {
    noteFile(reader, found);
    return [];
  }
  const name = found === undefined ? undefined : textOf(reader, found)?.trim();
  if (found === undefined || name === undefined || name === "") return [];
  const path = pathBeside(reader.file, name);
  reader.readFiles.push(path);
  const hint = "give the path of a PEM file with -----BEGIN CERTIFICATE-----";
  try {
    const text = reader.read(path);
    if (text.includes("-----BEGIN CERTIFICATE-----")) return [text];
    addProblem(reader, found, {
      code: "config-bad-value",
      message: `${path} does not contain a PEM certificate`,
      hint,
    });
  } catch (error) {
    const message = `cannot read ${path}: ${reasonOf(error)}`;
    addProblem(reader, found, { code: "config-bad-value", message, hint: hintOf(error, hint) });
  }
  return [];
}

function fileSecret(reader: Reader, found: Found, name: string): Secret {
  const path = pathBeside(reader.file, name);
  reader.readFiles.push(path);
  const { read } = reader;
  const at = found.conf.at;
  const readWhole = (): string => {
    let written: string;
    try {
      written = read(path);
    } catch (error) {
      const message = `cannot read the secret in ${path}: ${reasonOf(error)}`;
      const hint = hintOf(error, "restore the file, or correct its path");
      throw new ConfigError({ code: "config-secret-file", key: found.key, ...at, message, hint });
    }
    if (bareSecret(written) !== "") return written;
    const hint = "write the secret into it";
    throw new ConfigError({ code: "config-secret-file", key: found.key, ...at, message: `${path} is empty`, hint });
  };
  try {
    tellBlanks(reader, found, readWhole());
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    reader.problems.push(...error.problems);
  }
  return new Secret(found.key, () => bareSecret(readWhole()));
}
