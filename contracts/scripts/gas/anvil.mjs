// A local chain of its own: loopback, a free port, osaka, blocks only when asked for.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { native } from "../../tools/native.cjs";

export const hardfork = "osaka";
export const chainId = 31337;

/**
 * Starts anvil at the block time `start` (Unix seconds) and waits until it listens: its address, and how to stop it. It keeps
 * the `steps` of transactions if they are to be traced.
 */
export async function startAnvil(start, { steps = false } = {}) {
  const options = ["--host", "127.0.0.1", "--port", 0, "--hardfork", hardfork, "--chain-id", chainId, "--timestamp", start, "--no-mining"];
  if (steps) options.push("--steps-tracing");
  const anvil = spawn(native("anvil"), options.map(String), { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(anvil, "exit");
  const stop = async () => {
    anvil.kill("SIGTERM");
    await ended;
  };
  const address = await listening(anvil, ended);
  return { url: `http://${address}`, stop };
}

/** The address that anvil says it listens on. What it prints later is read, and dropped: a full pipe would block it. */
async function listening(anvil, ended) {
  const lines = createInterface({ input: anvil.stdout });
  const said = new Promise((resolve) => {
    lines.on("line", (line) => {
      const found = /^Listening on (\S+)$/.exec(line);
      if (found) resolve(found[1]);
    });
  });
  return Promise.race([said, ended.then(([status]) => Promise.reject(new Error(`anvil ended with status ${status}`)))]);
}
