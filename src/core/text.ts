// Makes the words of others fit into ours. Not here: secrets (secret.ts), what a terminal must not be sent (log/, cli/).

/** Of what others say, in a message. */
const lineCharactersMax = 300;

/** The text, or so many of its characters and an ellipsis. */
export function shortened(text: string, charactersMax: number): string {
  return text.length > charactersMax ? `${text.slice(0, charactersMax)}…` : text;
}

/** The text in one line without control characters, by default at most 300 characters of it. */
export function oneLine(text: string, charactersMax = lineCharactersMax): string {
  // deno-lint-ignore no-control-regex
  return shortened(text.replace(/[\s\u0000-\u001f\u007f-\u009f]+/g, " ").trim(), charactersMax);
}
