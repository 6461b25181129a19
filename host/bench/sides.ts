import { UserError } from "../errors.ts";
import { guestSide } from "./guest.ts";
import { memorySide } from "./memory.ts";
import { answerRounds } from "./side.ts";
import { TrapMachine, type TrapOrder, type TrapPath } from "./traps.ts";

/** Serves one side of a comparison until stdin ends. `spec` is what `ownSide` was given. */
export async function serveSide(spec: string): Promise<void> {
  const [kind, ...rest] = spec.split(":");
  const serve = kind === undefined ? undefined : SERVED[kind];
  if (serve === undefined) throw new UserError(`there is no side ${spec}; known are ${Object.keys(SERVED).join(", ")}`);
  await answerRounds(serve(...rest));
}

const SERVED: Record<string, (...words: string[]) => (request: string) => number | Promise<number>> = {
  traps: trapSide,
  guest: guestSide,
  memory: memorySide,
};

/** `traps:REGIONS:MODULES:gated|ungated|busy|still`; a request is `PATH ORDER`. */
function trapSide(regions = "1", modules = "1", gate = "gated"): (request: string) => number {
  const machine = new TrapMachine({
    regions: Number(regions),
    modules: Number(modules),
    gate: gate !== "ungated",
    busy: gate === "busy" || gate === "still",
    still: gate === "still",
  });
  return (request) => {
    const [path, order] = request.split(" ") as [TrapPath, TrapOrder];
    return machine.round(path, order);
  };
}
