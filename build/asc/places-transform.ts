import binaryen from "assemblyscript/binaryen";

/** What asc hands to afterCompile, as far as it is used here. */
interface CompiledModule {
  runPasses(passes: readonly string[]): void;
  getNumFunctions(): number;
  getFunctionByIndex(index: number): number;
}

/** Functions of the SDK that stay functions, so that a call of one has the author's line. */
const SDK_PREFIX = "~lib/vdevbox/abi/";
/** Fields of structs are a load or a store and call nothing: they are inlined, as every access goes through several. */
const FIELD = /#(get|set):/;

/**
 * Gives every instruction a source line before the module is optimized. asc leaves many calls without one, and a report
 * would then name a line near the call, or one of the SDK.
 */
export function createPlacesTransform(): { afterCompile(module: CompiledModule): void } {
  return {
    afterCompile(module) {
      module.runPasses(["propagate-debug-locs"]);
      for (let index = 0; index < module.getNumFunctions(); index++) {
        const { name } = binaryen.getFunctionInfo(module.getFunctionByIndex(index));
        if (!name.startsWith(SDK_PREFIX) || FIELD.test(name)) continue;
        binaryen.setPassArgument("no-inline", name);
        module.runPasses(["no-inline"]);
      }
    },
  };
}
