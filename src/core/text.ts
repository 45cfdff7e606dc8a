// Fits text from others into our messages. Not here: secrets (secret.ts).

/** Of what others say, in a message. */
const lineCharactersMax = 300;
/** Of an error as a whole: Mesos quotes the whole command line first, and what Docker says last. */
export const errorCharactersMax = 2_000;

/** The text, or so many of its characters and an ellipsis. */
export function shortened(text: string, charactersMax: number): string {
  return text.length > charactersMax ? `${text.slice(0, charactersMax)}…` : text;
}

/** The text in one line without control characters, by default at most 300 characters of it. */
export function oneLine(text: string, charactersMax = lineCharactersMax): string {
  // deno-lint-ignore no-control-regex
  const line = text.replace(/[\s\u0000-\u001f\u007f-\u009f]+/g, " ").trim();
  // What a program has written ends with a line break, also where it is quoted (Mesos: stderr='…\n').
  return shortened(line.replace(/ (\u0027)(?=$|;)/g, "$1"), charactersMax);
}

/**
 * What a terminal would obey, or what turns the order of a line round: C0 and C1 control characters and DEL, line and
 * paragraph separators, marks of direction, lone surrogates.
 */
export const unprintable: RegExp = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Cs}\ufeff]/gu;
