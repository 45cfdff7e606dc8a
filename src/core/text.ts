// Fits external text into our messages. Secrets are handled in secret.ts.

/** Maximum length of external text in a message. */
const lineCharactersMax = 300;
/** Maximum length of a complete error: Mesos quotes the full command line first, and the output of Docker last. */
export const errorCharactersMax = 2_000;

/** The text, truncated to so many characters with an ellipsis. */
export function shortened(text: string, charactersMax: number): string {
  return text.length > charactersMax ? `${text.slice(0, charactersMax)}…` : text;
}

/** The text in one line without control characters, by default truncated to 300 characters. */
export function oneLine(text: string, charactersMax = lineCharactersMax): string {
  // deno-lint-ignore no-control-regex
  const line = text.replace(/[\s\u0000-\u001f\u007f-\u009f]+/g, " ").trim();
  // The output of a program ends with a line break, even when it is quoted (Mesos: stderr='…\n').
  return shortened(line.replace(/ (\u0027)(?=$|;)/g, "$1"), charactersMax);
}

/**
 * Characters that a terminal would interpret or that reverse the direction of a line: C0 and C1 control characters and
 * DEL, line and paragraph separators, bidirectional controls, lone surrogates.
 */
export const unprintable: RegExp = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Cs}\ufeff]/gu;
