/** Oracle: the definition itself, and what an import statement names. */
import { expect, it } from "vitest";
import { ENTRIES } from "../../abi/definition/index.ts";
import { importedOf, ownConstantsOf } from "./own-constants.ts";

const own = ownConstantsOf(ENTRIES);

it("knows which numbers no page shows", () => {
  expect(own).toContain("QVM_OUTI_QVM"); // the manual has the name only
  expect(own).not.toContain("VDEV_CTRL_STATUS"); // 4 in the 7.0 reference
});

it("finds them among the imports of the author's files, and nowhere else", () => {
  const sources = new Map([
    [
      "vdevs/x/x.ts",
      'import { cstr } from "vdevbox/abi/string";\nimport {\n  QVM_OUTI_QVM as INFO, // QVM_OUTW_QVM\n  QVM_OUTE_QVM,\n} from "vdevbox/abi/outpipe";\n// QVM_OUTD_QVM',
    ],
    ["vdevs/x/y.ts", 'import { QVM_OUTE_QVM } from "vdevbox/abi/outpipe";\nimport { QVM_OUTV_QVM } from "./mine";'],
    ["vdevbox/abi/log.ts", 'import { QVM_OUTD_QVM } from "vdevbox/abi/outpipe";'],
  ]);
  expect(importedOf(sources, own)).toEqual(["QVM_OUTE_QVM", "QVM_OUTI_QVM"]);
});
