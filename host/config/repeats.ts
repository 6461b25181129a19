import { formatPlace, type SourcePlace } from "../errors.ts";
import type { ConfigNote } from "./vm-config.ts";

/**
 * Tells of what is given twice where only the last counts. In one file that is more likely a slip than a change of mind;
 * a text behind a file is there to change it.
 */
export class Repeats {
  readonly #given = new Map<unknown, Map<string, SourcePlace>>();
  readonly #notes: ConfigNote[];

  constructor(notes: ConfigNote[]) {
    this.#notes = notes;
  }

  /** @param owner the item of a context, or anything that stands for the VM */
  given(owner: unknown, option: string, place: SourcePlace): void {
    const options = this.#given.get(owner) ?? new Map<string, SourcePlace>();
    this.#given.set(owner, options);
    const before = options.get(option);
    options.set(option, place);
    if (before === undefined || before.file !== place.file) return;
    this.#notes.push({
      text: `"${option}" was given before at ${formatPlace(before)}; only this one counts`,
      place,
    });
  }
}
