/** The device as its register map says it is. */
import type { ReferenceModel } from "vdevbox/testing";

const PENDING = 0x00;
const RAISE = 0x04;
let pending = 0n;

const model: ReferenceModel = {
  reset() {
    pending = 0n;
  },
  read({ offset }) {
    return offset === PENDING ? pending : 0n;
  },
  write({ offset }, value) {
    const bits = BigInt.asUintN(32, value);
    if (offset === RAISE) pending |= bits;
    if (offset === PENDING) pending &= ~bits;
    return "ok";
  },
};

export default model;
