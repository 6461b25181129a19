/** Every planted thread mistake, searched as `vdevbox explore MODULE` does. Oracle: the remarks in the lessons, and docs/planted-threads.md. */
import { beforeAll, expect, it } from "vitest";
import { PLANTED } from "../planted/threads/expected.ts";
import { expectFound } from "../planted/threads/found.ts";
import { compilePlanted } from "../planted/threads/planted.ts";
import { moduleFile } from "../support/vm.ts";

let module = "";
beforeAll(async () => {
  const { wasm, sourceMap } = await compilePlanted("planted");
  module = moduleFile(wasm, "planted", sourceMap);
}, 120_000);

it("there are at least 16", () => expect(PLANTED.length).toBeGreaterThanOrEqual(16));

it.each(PLANTED)("$name is found as $class, with its lines", (planted) => expectFound(module, planted));
