#!/usr/bin/env node
// Runs the binary that npm installed for this system.
"use strict";

const { spawn } = require("node:child_process");
const { constants } = require("node:os");

const name = `secsync-${process.platform}-${process.arch}`;
const file = process.platform === "win32" ? "secsync.exe" : "secsync";

let binary;
try {
  binary = require.resolve(`${name}/${file}`);
} catch {
  const { optionalDependencies } = require("./package.json");
  console.error(
    optionalDependencies[name]
      ? `The package ${name}, which has the binary for this system, is not installed.\n` +
          "  Install secsync again without --omit=optional (--no-optional)."
      : `There is no binary of secsync for ${process.platform} on ${process.arch}.\n` +
          "  Build it from source: see the README.",
  );
  process.exit(1);
}

const child = spawn(binary, process.argv.slice(2), { stdio: "inherit" });

// A terminal sends its Ctrl-C to both. Sent again, it would be the second one, which stops at once.
const isInTerminal = [0, 1, 2].some((stream) => require("node:tty").isatty(stream));
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => {
    if (signal !== "SIGINT" || !isInTerminal) child.kill(signal);
  });
}

child.on("error", (error) => {
  console.error(`${binary} cannot be run: ${error.message}.`);
  process.exit(1);
});
child.on("exit", (code, signal) => {
  process.exitCode = code ?? 128 + constants.signals[signal];
});
