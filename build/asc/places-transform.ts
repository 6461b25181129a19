import binaryen from "assemblyscript/binaryen";

/** What asc hands to afterCompile, as far as it is used here. */
interface CompiledModule {
  runPasses(passes: readonly string[]): void;
}

/** Functions of the SDK that stay functions, so that a call of one has the author's line. */
const SDK_FUNCTIONS = "~lib/vdevbox/abi/*";

/**
 * Gives every instruction a source line before the module is optimized. asc leaves many calls without one, and a report
 * would then name a line near the call, or one of the SDK.
 */
export function createPlacesTransform(): { afterCompile(module: CompiledModule): void } {
  return {
    afterCompile(module) {
      binaryen.setPassArgument("no-inline", SDK_FUNCTIONS);
      module.runPasses(["propagate-debug-locs", "no-inline"]);
    },
  };
}
