import wabt from "wabt";
import { QVM_VDEV_ABI } from "../../abi/generated/constants.ts";
import { vdev_factory, vdev_pic_functions } from "../../abi/generated/layouts.ts";

const { parseWat } = await wabt();

/** Where things are in a hand-written module's memory. */
export const AT = {
  pic: 128,
  factory: 256,
  optionList: 512,
  strings: 1024,
  scratch: 4096,
  frames: 8192,
  heap: 16384,
} as const;

/** Indices in the module's table. */
export const TABLE = { control: 1, vread: 2, vwrite: 3, timer: 4, pulse: 5, extra: 6 } as const;

export interface WatVdev {
  /** More imports and functions, in the text format. */
  readonly fields?: string;
  /** Instructions of the callbacks; each leaves the result on the stack where there is one. */
  readonly control?: string;
  readonly vread?: string;
  readonly vwrite?: string;
  readonly timer?: string;
  readonly pulse?: string;
  /** Instructions run at module start, before the factory is registered. */
  readonly start?: string;
  /** Callbacks the factory leaves NULL. */
  readonly without?: readonly ("vread" | "vwrite" | "timer" | "pulse" | "control")[];
  readonly factory?: Partial<Record<keyof typeof vdev_factory, number>>;
  readonly options?: readonly string[];
  /** Makes the vdev an interrupt controller: members of vdev_pic_functions, functions by their index in the table. */
  readonly pic?: Partial<Record<keyof typeof vdev_pic_functions, number>>;
  /** Replaces the memory: `2 16`, pages and their maximum. */
  readonly memory?: string;
  /** Leaves out one required field. */
  readonly omit?: string;
}

/**
 * A vdev module as no compiler would write it. The default vdev answers reads with 7 through the frame, takes writes,
 * and returns 0 from everything else.
 */
export function watVdev(vdev: WatVdev = {}): Uint8Array<ArrayBuffer> {
  return assemble(watVdevText(vdev));
}

/** Text format to bytes. wabt prints its own source when it throws: only the message is kept. */
export function assemble(text: string): Uint8Array<ArrayBuffer> {
  const features = {
    mutable_globals: true,
    sign_extension: true,
    bulk_memory: true,
    reference_types: true,
    multi_value: true,
  };
  try {
    const module = parseWat("vdev.wat", text, features);
    const { buffer } = module.toBinary({ write_debug_names: true });
    module.destroy();
    return new Uint8Array(buffer);
  } catch (error) {
    throw new Error((error as Error).message);
  }
}

function watVdevText(vdev: WatVdev): string {
  const answer =
    "(i32.store (i32.add (local.get $gcp) (i32.const 32)) (i32.const 7)) (i32.store (i32.add (local.get $gcp) (i32.const 40)) (i32.const 3)) (i32.const 0)";
  const fields = [
    `(import "qvm" "vdev_register_factory" (func $register (param i32 i32)))`,
    vdev.fields ?? "",
    `(memory (export "memory") ${vdev.memory ?? "2 16"})`,
    `(table (export "table") 16 funcref)`,
    `(elem (i32.const 1) $control $vread $vwrite $timer $pulse)`,
    `(global (export "__vdevbox_abi") i32 (i32.const 1))`,
    `(global (export "__vdevbox_frame") i32 (i32.const ${AT.frames}))`,
    `(global $heap (mut i32) (i32.const ${AT.heap}))`,
    `(type $access (func (param i32 i32 i32 i32 i32) (result i32)))`,
    `(type $iii (func (param i32 i32 i32) (result i32)))`,
    `(type $viiii (func (param i32 i32 i32 i32)))`,
    `(type $iiiii (func (param i32 i32 i32 i32) (result i32)))`,
    `(type $ii (func (param i32 i32) (result i32)))`,
    `(type $vii (func (param i32 i32)))`,
    `(type $msi (func (param i32 i32 i64 i32 i32)))`,
    `(func (export "__vdevbox_alloc") (param $n i32) (result i32) (local $p i32)
       (local.set $p (global.get $heap))
       (global.set $heap (i32.and (i32.add (i32.add (local.get $p) (local.get $n)) (i32.const 15)) (i32.const -16)))
       (local.get $p))`,
    `(func $control (param $vdp i32) (param $ctrl i32) (param $arg i32) (result i32) ${vdev.control ?? placed(vdev)})`,
    `(func $vread (param $vdp i32) (param $cookie i32) (param $vopnd i32) (param $oopnd i32) (param $gcp i32) (result i32) ${vdev.vread ?? answer})`,
    `(func $vwrite (param $vdp i32) (param $cookie i32) (param $vopnd i32) (param $oopnd i32) (param $gcp i32) (result i32) ${vdev.vwrite ?? "(i32.const 0)"})`,
    `(func $timer (param $vdp i32) (param $data i32) (param $tdp i32) (param $gcp i32) ${vdev.timer ?? ""})`,
    `(func $pulse (param $vdp i32) (param $code i32) (result i32) ${vdev.pulse ?? "(i32.const 0)"})`,
    `(func (export "__vdevbox_start") ${vdev.start ?? ""} (call $register (i32.const ${AT.factory}) (i32.const ${QVM_VDEV_ABI | 0})))`,
    `(func (export "__vdevbox_vread") (param $frame i32) (param $fn i32) (param $vdp i32) (param $cookie i32) (param $loc i64) (param $meta i32) (result i64)
       (local $status i32)
       (i64.store (local.get $frame) (local.get $loc))
       (i32.store offset=8 (local.get $frame) (i32.and (local.get $meta) (i32.const 65535)))
       (i32.store offset=12 (local.get $frame) (i32.shr_u (local.get $meta) (i32.const 16)))
       (i64.store offset=16 (local.get $frame) (i64.const 0))
       (i32.store offset=24 (local.get $frame) (i32.and (local.get $meta) (i32.const 65535)))
       (i32.store offset=28 (local.get $frame) (i32.const 2))
       (i64.store offset=32 (local.get $frame) (i64.const 0))
       (i32.store offset=40 (local.get $frame) (i32.const 1))
       (local.set $status (call_indirect (type $access) (local.get $vdp) (local.get $cookie) (local.get $frame) (i32.add (local.get $frame) (i32.const 16)) (local.get $frame) (local.get $fn)))
       (if (i32.ne (i32.load offset=40 (local.get $frame)) (i32.const 3)) (then (local.set $status (i32.or (local.get $status) (i32.const 0x40000000)))))
       (i32.store offset=40 (local.get $frame) (i32.const 0))
       (i64.or (i64.shl (i64.extend_i32_u (local.get $status)) (i64.const 32)) (i64.load32_u offset=32 (local.get $frame))))`,
    `(func (export "__vdevbox_operand") (param $frame i32) (result i64) (i64.load offset=32 (local.get $frame)))`,
    `(func (export "__vdevbox_vwrite") (param $frame i32) (param $fn i32) (param $vdp i32) (param $cookie i32) (param $loc i64) (param $meta i32) (param $value i64) (result i32)
       (local $status i32)
       (i64.store (local.get $frame) (local.get $loc))
       (i32.store offset=8 (local.get $frame) (i32.and (local.get $meta) (i32.const 65535)))
       (i32.store offset=12 (local.get $frame) (i32.shr_u (local.get $meta) (i32.const 16)))
       (i64.store offset=16 (local.get $frame) (i64.const 0))
       (i32.store offset=24 (local.get $frame) (i32.and (local.get $meta) (i32.const 65535)))
       (i32.store offset=28 (local.get $frame) (i32.const 2))
       (i64.store offset=32 (local.get $frame) (local.get $value))
       (i32.store offset=40 (local.get $frame) (i32.const 2))
       (local.set $status (call_indirect (type $access) (local.get $vdp) (local.get $cookie) (local.get $frame) (i32.add (local.get $frame) (i32.const 16)) (local.get $frame) (local.get $fn)))
       (i32.store offset=40 (local.get $frame) (i32.const 0))
       (local.get $status))`,
    `(func (export "__vdevbox_call") (param $frame i32) (param $fn i32) (param $shape i32) (param $a i32) (param $b i32) (param $c i32) (param $d i32) (result i32)
       (if (i32.eqz (local.get $shape)) (then (return (call_indirect (type $iii) (local.get $a) (local.get $b) (local.get $c) (local.get $fn)))))
       (if (i32.eq (local.get $shape) (i32.const 1)) (then (call_indirect (type $viiii) (local.get $a) (local.get $b) (local.get $c) (local.get $d) (local.get $fn)) (return (i32.const 0))))
       (if (i32.eq (local.get $shape) (i32.const 3)) (then (call_indirect (type $vii) (local.get $a) (local.get $b) (local.get $fn)) (return (i32.const 0))))
       (if (i32.eq (local.get $shape) (i32.const 5)) (then (return (call_indirect (type $iiiii) (local.get $a) (local.get $b) (local.get $c) (local.get $d) (local.get $fn)))))
       (if (i32.eq (local.get $shape) (i32.const 6)) (then (call_indirect (type $msi) (local.get $a) (local.get $b) (i64.load (local.get $c)) (i32.load offset=8 (local.get $c)) (local.get $d) (local.get $fn)) (return (i32.const 0))))
       (call_indirect (type $ii) (local.get $a) (local.get $b) (local.get $fn)))`,
    factoryData(vdev),
  ];
  const kept = fields.filter((field) => vdev.omit === undefined || !field.includes(vdev.omit));
  return `(module ${kept.join("\n")})`;
}

/** Default control: at OPTIONS_START (0) say that the registers take 4096 bytes of memory. */
function placed(_vdev: WatVdev): string {
  return `(if (i32.eqz (local.get $ctrl)) (then
      (i32.store offset=24 (local.get $vdp) (i32.const 4096))
      (i32.store offset=28 (local.get $vdp) (i32.const 0))))
    (i32.const 0)`;
}

function factoryData(vdev: WatVdev): string {
  const has = (name: "vread" | "vwrite" | "timer" | "pulse" | "control") =>
    vdev.without?.includes(name) ? 0 : TABLE[name];
  const words: Partial<Record<keyof typeof vdev_factory, number>> = {
    control: has("control"),
    vread: has("vread"),
    vwrite: has("vwrite"),
    timer: has("timer"),
    pulse: has("pulse"),
    pic: vdev.pic === undefined ? 0 : AT.pic,
    option_list: vdev.options === undefined ? 0 : AT.optionList,
    ...vdev.factory,
  };
  const data = Object.entries(words).map(
    ([name, value]) =>
      `(data (i32.const ${AT.factory + vdev_factory[name as keyof typeof vdev_factory]}) "${bytes(value)}")`,
  );
  for (const [name, value] of Object.entries(vdev.pic ?? {})) {
    const member = vdev_pic_functions[name as keyof typeof vdev_pic_functions];
    data.push(`(data (i32.const ${AT.pic + member}) "${bytes(value)}")`);
  }
  let at: number = AT.strings;
  (vdev.options ?? []).forEach((option, i) => {
    data.push(`(data (i32.const ${AT.optionList + 4 * i}) "${bytes(at)}")`, `(data (i32.const ${at}) "${option}\\00")`);
    at += option.length + 1;
  });
  return data.join("\n");
}

function bytes(value: number): string {
  return [0, 8, 16, 24].map((shift) => `\\${((value >>> shift) & 0xff).toString(16).padStart(2, "0")}`).join("");
}
