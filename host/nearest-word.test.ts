import { describe, expect, it } from "vitest";
import { didYouMean, nearestWord } from "./nearest-word.ts";

const WORDS = ["loc", "intr", "name", "hostvector", "emit-logger", "emit-trace"];

describe("the nearest word", () => {
  it("is found through one dropped, added, replaced or swapped letter", () => {
    for (const typo of ["itr", "inttr", "intx", "nitr"]) expect(nearestWord(typo, WORDS)).toBe("intr");
  });

  it("may be further from a longer word", () => {
    expect(nearestWord("emitloger", WORDS)).toBe("emit-logger");
    expect(nearestWord("HOSTVEKTOR", WORDS)).toBe("hostvector");
  });

  it("is not guessed when nothing is near", () => {
    expect(nearestWord("frequency", WORDS)).toBeUndefined();
    expect(nearestWord("xyz", WORDS)).toBeUndefined();
    expect(nearestWord("", WORDS)).toBeUndefined();
    expect(nearestWord("9", ["2", "3"])).toBeUndefined();
    expect(nearestWord("a", ["on", "off"])).toBeUndefined();
    expect(nearestWord("no", ["on", "off"])).toBe("on");
  });

  it("may be what the word abbreviates, or the other way round, if there is one only", () => {
    expect(nearestWord("host", WORDS)).toBe("hostvector");
    expect(nearestWord("LOCATION", WORDS)).toBe("loc");
    expect(nearestWord("emit-", WORDS)).toBeUndefined();
    expect(nearestWord("ho", WORDS)).toBeUndefined();
    expect(nearestWord("location", WORDS.values())).toBe("loc");
  });

  it("makes the end of a sentence", () => {
    expect(didYouMean("nmae", WORDS)).toBe(' (did you mean "name"?)');
    expect(didYouMean("zzz", WORDS)).toBe("");
  });
});
