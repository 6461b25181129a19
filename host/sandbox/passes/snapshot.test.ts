import { expect, it } from "vitest";
import { defaultPasses } from "./instrument.ts";
import { snapshotPass } from "./snapshot.ts";
import { runWith, wat } from "./test-modules.ts";

it("saves and restores every mutable global, whatever its type and whether exported", () => {
  const exports = runWith(
    wat(`(module
      (global $a (mut i32) (i32.const 1)) (global $b (mut i64) (i64.const 2)) (global $c (mut f32) (f32.const 3))
      (global $d (mut f64) (f64.const 4)) (global $e (mut funcref) (ref.null func)) (global $k i32 (i32.const 9))
      (elem declare func $set)
      (func $set (export "set") (param i32)
        (global.set $a (local.get 0)) (global.set $b (i64.extend_i32_s (local.get 0)))
        (global.set $c (f32.convert_i32_s (local.get 0))) (global.set $d (f64.convert_i32_s (local.get 0)))
        (global.set $e (ref.func $set)))
      (func (export "get") (result i32 i64 f32 f64 i32)
        (global.get $a) (global.get $b) (global.get $c) (global.get $d) (ref.is_null (global.get $e))))`),
    [snapshotPass()],
  );
  exports.__vdevbox_save();
  exports.set(50);
  expect(exports.get()).toEqual([50, 50n, 50, 50, 0]);
  exports.__vdevbox_restore();
  expect(exports.get()).toEqual([1, 2n, 3, 4, 1]);
});

it("clears the depth and the limit that a fault left behind", () => {
  const exports = runWith(wat(`(module (func $go (export "__vdevbox_go") (call $go)))`), defaultPasses());
  exports.__vdevbox_save();
  expect(() => exports.__vdevbox_go()).toThrow(WebAssembly.RuntimeError);
  expect(exports.__vdevbox_limit.value).not.toBe(0);
  exports.__vdevbox_restore();
  expect([exports.__vdevbox_limit.value, exports.__vdevbox_depth.value]).toEqual([0, 0]);
});
