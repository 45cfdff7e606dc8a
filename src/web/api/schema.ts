// Builders of JSON Schema (2020-12), as used by OpenAPI 3.1. Not here: the schemas of the answers (schemas.ts).

/** A JSON Schema. */
export type Schema = Readonly<Record<string, unknown>>;

/** Any text. */
export function text(description: string): Schema {
  return { type: "string", description };
}

/** One of these words. */
export function word(description: string, words: readonly string[]): Schema {
  return { type: "string", enum: words, description };
}

/** A number of things. */
export function count(description: string): Schema {
  return { type: "integer", minimum: 0, description };
}

/** An amount of something. */
export function amount(description: string): Schema {
  return { type: "number", minimum: 0, description };
}

/** Milliseconds since the epoch. */
export function timeMs(description: string): Schema {
  return { type: "number", description: `${description}, ms since the epoch` };
}

/** True or false. */
export function flag(description: string): Schema {
  return { type: "boolean", description };
}

/** An array. */
export function listOf(items: Schema, description: string): Schema {
  return { type: "array", items, description };
}

/** Values by names that are not known before. */
export function mapOf(values: Schema, description: string): Schema {
  return { type: "object", additionalProperties: values, description };
}

/** An object with exactly these properties; those whose name ends with `?` may be absent. */
export function record(description: string, properties: Readonly<Record<string, Schema>>): Schema {
  const entries = Object.entries(properties);
  return {
    type: "object",
    description,
    properties: Object.fromEntries(entries.map(([name, schema]) => [name.replace(/\?$/, ""), schema])),
    required: entries.map(([name]) => name).filter((name) => !name.endsWith("?")),
    additionalProperties: false,
  };
}

/** A schema with this name in `components`. */
export function ref(name: string): Schema {
  return { $ref: `#/components/schemas/${name}` };
}
