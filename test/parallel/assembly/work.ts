/** What two threads do at once, one on the main thread and one on a worker. */
import { QVM_VDEV_ABI } from "vdevbox/abi/abi";
import { EOK } from "vdevbox/abi/posix";
import { stack_alloc, stack_mark, stack_release } from "vdevbox/abi/stack";
import { cstring } from "vdevbox/abi/string";
import { vdev_factory, vdev_register_factory, vdev_t } from "vdevbox/abi/vdev-core";

const lock = memory.data(4, 4);
const arrived = memory.data(4, 4);
const label = memory.data<u8>([98, 101, 103, 105, 110, 0]);
let total: i64 = 0;
let mean: f64 = 0.5;

class Node {
  owner: u32;
  next: Node | null;
  constructor(owner: u32, next: Node | null) {
    this.owner = owner;
    this.next = next;
  }
}

export function label_address(): usize {
  return label;
}

export function get_total(): i64 {
  return total;
}

export function set_mean(value: f64): void {
  mean = value;
}

export function get_mean(): f64 {
  return mean;
}

/** Adds one, so often, to a variable under a lock of the module's own. */
export function count(times: u32): void {
  for (let i: u32 = 0; i < times; i++) {
    while (atomic.cmpxchg<i32>(lock, 0, 1) != 0) {}
    total += 1;
    atomic.store<i32>(lock, 0);
  }
}

/** Allocates objects, bytes and an array that grows. @returns how many of them somebody else has written to */
export function allocate(owner: u32, times: u32): u32 {
  let list: Node | null = null;
  let blocks: usize = 0;
  const numbers = new Array<u32>();
  for (let i: u32 = 0; i < times; i++) {
    list = new Node(owner, list);
    numbers.push(owner + i);
    const block = heap.alloc(40);
    memory.fill(block, <u8>owner, 40);
    store<usize>(block, blocks);
    blocks = block;
  }
  let wrong: u32 = 0;
  let nodes: u32 = 0;
  let node: Node | null = list;
  while (node !== null && nodes < times) {
    nodes++;
    if (node.owner != owner) wrong++;
    node = node.next;
  }
  wrong += times - nodes;
  for (let i: u32 = 0; i < times; i++) if (numbers[i] != owner + i) wrong++;
  let found: u32 = 0;
  for (; blocks != 0 && found < times; blocks = load<usize>(blocks)) {
    found++;
    for (let at: usize = 4; at < 40; at++) if (load<u8>(blocks + at) != <u8>owner) wrong++;
  }
  return wrong + times - found;
}

/** Takes a block and gives it back, again and again. @returns how often it was somebody else's too */
export function take_and_give(owner: u32, times: u32): u32 {
  let wrong: u32 = 0;
  for (let i: u32 = 0; i < times; i++) {
    const block = heap.alloc(8);
    store<u32>(block, owner);
    store<u32>(block, i, 4);
    if (load<u32>(block) != owner || load<u32>(block, 4) != i) wrong++;
    heap.free(block);
  }
  return wrong;
}

function scaled(value: i32, factor: i32 = 100): i32 {
  return value * factor;
}

function negated(value: i32, factor: i32 = 10): i32 {
  return -value * factor;
}

/** Calls functions with optional arguments by reference, always with the same number of them. @returns wrong results */
export function call_optional(times: i32, all: bool): u32 {
  let wrong: u32 = 0;
  for (let i = 0; i < times; i++) {
    const f: (value: i32, factor?: i32) => i32 = (i & 1) != 0 ? scaled : negated;
    const sign = (i & 1) != 0 ? 1 : -1;
    if (all) {
      if (f(i, 3) != sign * i * 3) wrong++;
    } else if (f(i) != sign * i * ((i & 1) != 0 ? 100 : 10)) wrong++;
  }
  return wrong;
}

/** sin² + cos² of large angles. @returns how many are not 1 */
export function circles(times: i32, first: f64): u32 {
  let wrong: u32 = 0;
  for (let i = 0; i < times; i++) {
    const angle = first + 1000.0 * <f64>i;
    const sine = Math.sin(angle);
    const cosine = Math.cos(angle);
    if (!(Math.abs(sine * sine + cosine * cosine - 1) < 1e-9)) wrong++;
  }
  return wrong;
}

/** Waits until both threads have come here so often. */
function meet(times: u32): void {
  atomic.add<u32>(arrived, 1);
  while (atomic.load<u32>(arrived) < 2 * times) {}
}

/** What a callback does with its scratch bytes, in step with the other thread. @returns how often they were not its own */
function scratch(arg: usize): usize {
  let wrong: usize = 0;
  for (let i: u32 = 0; i < 20; i++) {
    const mark = stack_mark();
    const first = stack_alloc(16);
    store<u32>(first, <u32>arg + i);
    meet(2 * i + 1);
    const second = stack_alloc(16);
    meet(2 * i + 2);
    if (second != first + 16 || load<u32>(first) != <u32>arg + i) wrong++;
    stack_release(mark);
  }
  return wrong;
}

export function scratch_index(): u32 {
  return scratch.index;
}

function endless(arg: usize): usize {
  while (true) total += 1; // for ever
  return arg;
}

export function endless_index(): u32 {
  return endless.index;
}

/** As deep as it is told: the sum of 1 to `depth`. */
function deep(depth: usize): usize {
  return depth == 0 ? 0 : depth + deep(depth - 1);
}

export function deep_index(): u32 {
  return deep.index;
}

export function faulty(): u32 {
  total += 1;
  const node = new Node(1, null);
  if (node.owner == 1) store<u32>(0xfffffff0, <u32>total); // here
  return node.owner;
}

function control(vdp: vdev_t, ctrl: u32, arg: cstring): i32 {
  return EOK;
}

const factory = vdev_factory.alloc();
factory.control = control;
vdev_register_factory(factory, QVM_VDEV_ABI);
