import { UserError } from "../errors.ts";

/** What a reader throws, as the command line prints it; a test fails when nothing, or anything else, is thrown. */
export function errorOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof UserError) return error.toString();
    throw error;
  }
  throw new Error("nothing was refused");
}

const ABOUT_PLACES = new Set(["place", "lengthPlace", "followedBy", "rewritten", "notes"]);

/** A copy without what depends on where words stood. */
export function withoutPlaces(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutPlaces);
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  const kept = Object.entries(value).filter(([key]) => !ABOUT_PLACES.has(key));
  return Object.fromEntries(kept.map(([key, member]) => [key, withoutPlaces(member)]));
}
