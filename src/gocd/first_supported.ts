// Tries paths or media types until the server supports one.

import { GocdError } from "./api.ts";

/** What the first candidate gives that the server has; throws the problem of the first one where it has none. */
export async function firstSupported<C, T>(candidates: readonly C[], act: (candidate: C) => Promise<T>): Promise<T> {
  let first: unknown;
  for (const candidate of candidates) {
    try {
      return await act(candidate);
    } catch (error) {
      if (!(error instanceof GocdError) || error.problem.kind !== "missing") throw error;
      first ??= error;
    }
  }
  throw first;
}
