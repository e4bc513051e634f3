// Validates a document, which is JSON on standard input, by GitLab's own schema for CI
// files, and prints what is wrong with it. The schema is a part of gitlab-ci-local
// (app/assets/javascripts/editor/schema/ci.json of GitLab), as an object literal.
import { readFileSync } from "node:fs";
import Ajv from "ajv";

const program = readFileSync(new URL("../node_modules/gitlab-ci-local/dist/index.js", import.meta.url), "utf8");
const start = program.lastIndexOf("{", program.indexOf('$id:"https://gitlab.com/.gitlab-ci.yml"'));
if (start < 0) throw new Error("gitlab-ci-local contains no schema");

// The end of an object literal that contains no expressions but texts.
function end(from) {
  let depth = 0;
  for (const token of program.slice(from).matchAll(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`|[{}]/g)) {
    depth += { "{": 1, "}": -1 }[token[0]] ?? 0;
    if (depth === 0) return from + token.index + 1;
  }
  throw new Error("the schema has no end");
}
const schema = Function(`return ${program.slice(start, end(start))}`)();

const ajv = new Ajv({ allErrors: true, strict: false, validateFormats: false });
const validate = ajv.compile(schema);
if (!validate(JSON.parse(readFileSync(0, "utf8")))) console.log(ajv.errorsText(validate.errors, { separator: "\n" }));
