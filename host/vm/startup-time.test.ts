/**
 * A configuration of 1,000 vdevs of 8 types: what is counted is work, because a clock would measure the machine. The
 * time is in docs/configuration.md.
 */
import { it } from "vitest";
import { startConfig } from "../../test/support/vm-of-config.ts";
import { watVdev } from "../../test/support/wat-vdev.ts";
import { parseConfig } from "../config/parse-config.ts";

it("time", () => {
  const modules = Object.fromEntries(
    Array.from({ length: 8 }, (_, i) => [
      `type${i}`,
      watVdev({
        options: ["speed", "0quiet"],
        start: `(drop (i32.const ${i}))`,
        fields: '(import "qvm" "guest_intr_signal" (func $signal (param i32 i32) (result i32)))',
      }),
    ]),
  );
  for (const [what, vdev] of [
    [
      "located",
      (i: number) => `vdev type${i % 8} loc ${0x1c000000 + i * 0x1000} intr gic:${32 + (i % 900)} speed ${i} quiet`,
    ],
    ["unlocated", (i: number) => `vdev type${i % 8} speed ${i}`],
    ["named", (i: number) => `vdev type${i % 8} name vdev${i} loc ${0x1c000000 + i * 0x1000} speed ${i}`],
  ] as const) {
    for (const n of [1000, 2000, 4000]) {
      const text = `set vdevbox-architecture arm ${Array.from({ length: n }, (_, i) => vdev(i)).join("\n")}`;
      let t = performance.now();
      parseConfig(text, "x");
      const parse = performance.now() - t;
      t = performance.now();
      const { error } = startConfig(modules, text);
      console.log(what, n, "parse", parse.toFixed(0), "all", (performance.now() - t).toFixed(0), error);
    }
  }
});
