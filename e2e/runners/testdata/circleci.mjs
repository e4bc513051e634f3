// Parses an orb, which is JSON on standard input, by CircleCI's own parser of
// configurations: its commands, and its examples with them. It prints the names of what
// it found, or what is wrong.
import { readFileSync } from "node:fs";
import parser from "@circleci/circleci-config-parser";

process.on("uncaughtException", (fault) => {
  console.log(fault.message);
  process.exit(1);
});

const orb = JSON.parse(readFileSync(0, "utf8"));
const commands = parser.parseReusableCommands(orb.commands);
const manifest = { commands: Object.fromEntries(commands.map((c) => [c.name, c.parameters])), jobs: {}, executors: {} };
for (const command of commands) console.log("command", command.name);
for (const [name, { usage }] of Object.entries(orb.examples)) {
  const config = parser.parseConfig(usage, { "bitbucket-auth": manifest });
  console.log("example", name, config.jobs.map((j) => j.name).join(" "), JSON.stringify(config.jobs[0].steps.map((s) => s.name)));
}
