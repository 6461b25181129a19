/**
 * `npm run test:package`: packs a copy of this repository in which nothing is built, installs the package in an empty
 * project, and uses it there as its README says. Needs the registry, or npm's cache, for the dependencies.
 */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { packageRoot } from "../../host/paths.ts";
import { examplesOf, writeFiles } from "../docs/examples.ts";

const NEVER_SHIPPED =
  /(\.test\.ts|\.rec|\.inputs|\.new|tsbuildinfo)$|(^|\/)(test|bench|cache|tools|node_modules|\.ci|\.git)(\/|$)/;

const root = packageRoot();
const temp = mkdtempSync(join(tmpdir(), "vdevbox-package-"));
try {
  const tarball = pack(unbuiltCopy());
  const project = install(tarball);
  checkContents(join(project, "node_modules/vdevbox"), [root, temp]);
  use(project);
  console.log("the package works");
} finally {
  rmSync(temp, { recursive: true, force: true });
}

/** What git knows, with the installed dependencies, and nothing built. */
function unbuiltCopy(): string {
  const copy = join(temp, "copy");
  const names = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
    cwd: root,
    encoding: "utf8",
  });
  for (const name of names.split("\n").filter((one) => one !== "" && existsSync(join(root, one)))) {
    mkdirSync(dirname(join(copy, name)), { recursive: true });
    cpSync(join(root, name), join(copy, name));
  }
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  assert(!existsSync(join(copy, "build/out")));
  return copy;
}

function pack(copy: string): string {
  run(copy, "npm", "pack", "--pack-destination", temp);
  const name = readdirSync(temp).find((one) => one.endsWith(".tgz"));
  assert(name !== undefined, "npm pack made no tarball");
  return join(temp, name);
}

function install(tarball: string): string {
  const project = join(temp, "project");
  mkdirSync(project);
  writeFileSync(join(project, "package.json"), '{ "name": "mine", "private": true }\n');
  run(project, "npm", "install", "--prefer-offline", "--no-audit", "--no-fund", tarball);
  return project;
}

function checkContents(installed: string, absolute: readonly string[]): void {
  const files = filesIn(installed);
  const wrong = files.map((file) => relative(installed, file)).filter((name) => NEVER_SHIPPED.test(name));
  assert.deepEqual(wrong, [], "the package ships what only the repository needs");
  for (const file of files) {
    const text = readFileSync(file, "latin1");
    for (const folder of absolute) assert(!text.includes(folder), `${relative(installed, file)} names ${folder}`);
  }
}

function use(project: string): void {
  const installed = join(project, "node_modules/vdevbox");
  const before = stateOf(installed);
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  assert.equal(vdevbox(project, 0, "--version"), `${version}\n`);
  assert.match(
    vdevbox(project, 0, "demo"),
    /guest says {3}Hello[\s\S]*The recording is in demo\.rec[\s\S]*This bite was expected/,
  );
  assert.match(vdevbox(project, 0, "replay", "demo.rec"), /identical/);

  writeFiles(project, examplesOf("docs/authoring.md").files);
  assert.match(vdevbox(project, 0, "build", "vdevs/blinker"), /-> build\/out\/vdevs\/blinker\.wasm/);
  assert.match(vdevbox(project, 0, "check", "build/out/vdevs/blinker.wasm"), /: ok\n/);
  assert.match(vdevbox(project, 0, "run", "lab.qvmconf", "--guest", "blinker.script"), /7 of 7 expectations held/);
  assert.match(vdevbox(project, 2, "bench"), /not with an installed package/);
  useTesting(project);
  useWithOthers(project);
  assert.deepEqual(stateOf(installed), before, "something was written into node_modules/vdevbox");
}

/** `vdevbox/testing`, with its types. */
function useTesting(project: string): void {
  const program = `
    import assert from "node:assert/strict";
    import { createVm, deviceConformance, fuzzDevice } from "vdevbox/testing";
    const options = { module: "build/out/vdevs/blinker.wasm", options: "loc 0x1c000000 intr gic:33" };
    const vm = createVm(options);
    const { LED } = vm.registers(0x1c000000, { LED: 0 });
    assert.equal(LED, 0n);
    assert.deepEqual(vm.findings, []);
    deviceConformance(options);
    const { executions, findings } = await fuzzDevice({ ...options, executions: 500 });
    assert.ok(executions >= 500);
    assert.deepEqual(findings, []);
  `;
  writeFileSync(join(project, "use.mjs"), program);
  run(project, process.execPath, "use.mjs");
  const strict = ["--noEmit", "--checkJs", "--strict", "--module", "nodenext", "--target", "es2022"];
  const types = ["--types", "node", "--typeRoots", join(root, "node_modules/@types")];
  run(project, process.execPath, join(root, "node_modules/typescript/bin/tsc"), ...strict, ...types, "use.mjs");
  rmSync(join(project, "use.mjs"));
}

/** The entries that want the user's own vitest and fast-check, with their types. */
function useWithOthers(project: string): void {
  const modules = join(root, "node_modules");
  for (const name of ["vitest", "fast-check"]) symlinkSync(join(modules, name), join(project, "node_modules", name));
  writeFileSync(
    join(project, "use.test.mjs"),
    `
    import fc from "fast-check";
    import { expect, test } from "vitest";
    import { createVm } from "vdevbox/testing";
    import { guestScripts } from "vdevbox/testing/fast-check";
    import "vdevbox/testing/vitest";
    const options = { module: "build/out/vdevs/blinker.wasm", options: "loc 0x1c000000 intr gic:33" };
    test("nothing a guest does goes wrong", async () => {
      const property = fc.asyncProperty(guestScripts(options, { maxLength: 5 }), async (script) => {
        const vm = createVm(options);
        await vm.script(script);
        expect(vm).toHaveNoFindings();
      });
      await fc.assert(property, { numRuns: 20 });
      expect(createVm(options)).toRead(0x1c000000, 0);
      expect(() => expect(createVm(options)).toRead(0x1c000000, 5)).toThrow("expected was 0x5");
    });
    `,
  );
  run(project, process.execPath, join(modules, "vitest/vitest.mjs"), "run", "--root", project, "use.test.mjs");
  const strict = ["--noEmit", "--checkJs", "--strict", "--skipLibCheck", "--module", "nodenext", "--target", "es2022"];
  const types = ["--types", "node", "--typeRoots", join(modules, "@types")];
  run(project, process.execPath, join(modules, "typescript/bin/tsc"), ...strict, ...types, "use.test.mjs");
  rmSync(join(project, "use.test.mjs"));
}

/** Names, sizes and times of all files below a folder. */
function stateOf(folder: string): string[] {
  return filesIn(folder).map((file) => `${file} ${statSync(file).size} ${statSync(file).mtimeMs}`);
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function vdevbox(project: string, code: number, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync("npx", ["--no-install", "vdevbox", ...args], {
    cwd: project,
    encoding: "utf8",
  });
  const printed = `${stdout}${stderr.replace(/^npm warn .*\n/gm, "")}`;
  assert.equal(status, code, `vdevbox ${args.join(" ")} exited with ${status}:\n${printed}`);
  return printed;
}

function run(folder: string, command: string, ...args: string[]): void {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: folder, encoding: "utf8" });
  assert.equal(status, 0, `${command} ${args.join(" ")} failed:\n${stdout}${stderr}`);
}
