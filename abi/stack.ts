/**
 * What C gives with a local variable and `&`. AssemblyScript has no address of a local: a call that wants one gets bytes
 * of the running callback instead. They are the callback's own, so two vCPUs in one vdev never share them; they last
 * until it returns; nothing is allocated. A callback has 448 bytes in all.
 */
import { stack_alloc } from "./runtime/frame";

export { stack_alloc, stack_mark, stack_release } from "./runtime/frame";

/**
 * `&value` of C: the address of bytes that hold `value`. What a call writes there is read back with `load<T>(address)`.
 * Inside a loop, give the bytes back with stack_mark() and stack_release().
 */
// @ts-ignore: decorator
@inline
export function address_of<T>(value: T): usize {
  const address = stack_alloc(sizeof<T>());
  store<T>(address, value);
  return address;
}
