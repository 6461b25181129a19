import * as abi from "./abi.ts";
import * as cdev from "./cdev.ts";
import * as gasp from "./gasp.ts";
import * as gaspMapping from "./gasp-mapping.ts";
import * as gaspTypes from "./gasp-types.ts";
import * as guest from "./guest.ts";
import * as guestState from "./guest-state.ts";
import * as guestTypes from "./guest-types.ts";
import * as log from "./log.ts";
import * as outpipe from "./outpipe.ts";
import * as posix from "./posix.ts";
import * as posixThreads from "./posix-threads.ts";
import * as posixTime from "./posix-time.ts";
import type { CallbackEntry, Entry, FunctionEntry, StructEntry } from "./schema.ts";
import * as types from "./types.ts";
import * as utils from "./utils.ts";
import * as vdevCore from "./vdev-core.ts";
import * as vdevCoreCallbacks from "./vdev-core-callbacks.ts";
import * as vdevPicCallbacks from "./vdev-pic-callbacks.ts";
import * as vio from "./vio.ts";
import * as vpci from "./vpci.ts";
import * as vq from "./vq.ts";
import * as wdog from "./wdog.ts";

/** The whole definition, header by header in the order a reader meets them. */
export const ENTRIES: readonly Entry[] = [
  vdevCore,
  vdevCoreCallbacks,
  vdevPicCallbacks,
  guest,
  guestState,
  guestTypes,
  gasp,
  gaspMapping,
  gaspTypes,
  types,
  vio,
  vpci,
  cdev,
  wdog,
  utils,
  outpipe,
  log,
  abi,
  vq,
  posix,
  posixThreads,
  posixTime,
].flatMap((header) => header.entries);

/** The headers, in the same order. */
export const HEADERS: readonly string[] = [...new Set(ENTRIES.map((entry) => entry.header))];

export const isFunction = (entry: Entry): entry is FunctionEntry => entry.kind === "function";
export const isStruct = (entry: Entry): entry is StructEntry => entry.kind === "struct";
export const isCallback = (entry: Entry): entry is CallbackEntry => entry.kind === "callback";

export const FUNCTIONS: readonly FunctionEntry[] = ENTRIES.filter(isFunction);
