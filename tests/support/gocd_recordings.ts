// The responses of a real GoCD server in tests/fixtures/gocd/recordings.jsonl (see the README there).

/** One request and its response. */
export interface RecordedAnswer {
  readonly name: string;
  /** Method and path below `/go`. */
  readonly request: string;
  readonly accept?: string;
  /** The JSON of the request. */
  readonly sent?: unknown;
  readonly status: number;
  /** `Content-Type`; some responses have none. */
  readonly type?: string;
  /** As text; JSON without whitespace. */
  readonly text: string;
}

/** All recordings, in the order of the file. */
export const gocdRecordings: readonly RecordedAnswer[] = readRecordings("recordings.jsonl");

/** Recordings of the JSON APIs that are used without the feed. */
export const apiRecordings: readonly RecordedAnswer[] = readRecordings("api_recordings.jsonl");

function readRecordings(file: string): readonly RecordedAnswer[] {
  const lines = Deno.readTextFileSync(new URL(`../fixtures/gocd/${file}`, import.meta.url)).split("\n");
  return lines.filter((line) => line !== "").map((line) => {
    const { body, ...others } = JSON.parse(line);
    return { ...others, text: typeof body === "string" ? body : JSON.stringify(body) };
  });
}

/** Recordings by name, which track their use. */
export interface RecordingsInUse {
  /** The recording with this name; throws if there is none. */
  recorded(name: string): RecordedAnswer;
  /** Names of unused recordings. */
  unused(): readonly string[];
}

/** For test files that must use every recording. */
export function recordingsInUse(): RecordingsInUse {
  const used = new Set<string>();
  return {
    recorded: (name) => {
      const found = gocdRecordings.find((each) => each.name === name);
      if (found === undefined) throw new Error(`no recording '${name}'`);
      used.add(name);
      return found;
    },
    unused: () => gocdRecordings.map(({ name }) => name).filter((name) => !used.has(name)),
  };
}

/** The recording as a response of `fetch`. */
export function recordedResponse({ status, type, text }: RecordedAnswer): Response {
  return new Response(text === "" ? null : text, {
    status,
    headers: type === undefined ? {} : { "content-type": type },
  });
}
