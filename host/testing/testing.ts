import { fileURLToPath } from "node:url";
import { createVm as createHostVm } from "../vm/startup.ts";
import type * as Api from "./api.js";
import { deviceConformance as checkConformance } from "./conformance.ts";
import { DrivenVm, plainErrors } from "./driven-vm.ts";
import { exploreDevice as explore } from "./explore-device.ts";
import { fuzzDevice as fuzz } from "./fuzz-device.ts";
import { checkDevice } from "./option-names.ts";
import { withPlan } from "./plan.ts";

/** The entry of `vdevbox/testing`; api.d.ts says what each function is. */
export const createVm: typeof Api.createVm = (options) => {
  checkDevice("createVm", options);
  return plainErrors(() =>
    withPlan(options, ({ plan }) => {
      const atOnce = typeof options === "object" && options.atOnce === true;
      return new DrivenVm((listener) => createHostVm(plan, { listener, tellAccesses: false, atOnce }));
    }),
  );
};

export const fileBeside: typeof Api.fileBeside = (url, name) => fileURLToPath(new URL(name, url));

export const fuzzDevice: typeof Api.fuzzDevice = fuzz;

export const exploreDevice: typeof Api.exploreDevice = explore;

export const deviceConformance: typeof Api.deviceConformance = checkConformance;
