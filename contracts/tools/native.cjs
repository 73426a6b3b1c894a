#!/usr/bin/env node
// Runs the native binary of a pinned @foundry-rs package and exits as it does. The packages that wrap these exit 0 always,
// and name platforms that the registry does not have, on which `npm ci` stumbles.
const { spawnSync } = require("node:child_process");

const platform = { darwin: "darwin", linux: "linux", win32: "win32" }[process.platform];
const machine = { arm64: "arm64", x64: "amd64" }[process.arch];

/** The path of `forge` or `anvil` on this machine. */
function native(tool) {
  const suffix = process.platform === "win32" ? ".exe" : "";
  return require.resolve(`@foundry-rs/${tool}-${platform}-${machine}/bin/${tool}${suffix}`);
}

module.exports = { native };

if (require.main === module) {
  const [tool, ...args] = process.argv.slice(2);
  const { error, status } = spawnSync(native(tool), args, { stdio: "inherit" });
  if (error) throw error;
  process.exitCode = status ?? 1;
}
