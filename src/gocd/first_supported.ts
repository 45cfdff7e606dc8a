// Tries paths or media types until the server supports one.

import { GocdError } from "./api.ts";

/**
 * The result of the first candidate that the server supports; throws the problem of the first one if it supports none.
 */
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
