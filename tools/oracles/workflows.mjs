// workflows.mjs FILE... (or - for a list of files on standard input): asks GitHub's own parser of workflows whether it would load each file, and prints one line of
// JSON for each: {"path", "loadable", "errors"}. Workflows that are called in the same repository are looked up beside
// the caller; those of other repositories are out of reach, and taken for good.
import fs from "node:fs";
import path from "node:path";
import { createRequire, register } from "node:module";
import { pathToFileURL } from "node:url";

// Its modules import JSON without saying so, as only bundlers allow; this says so for them.
register(
  "data:text/javascript," +
    encodeURIComponent(`
export async function resolve(name, context, next) {
  const found = await next(name, context);
  if (found.url.endsWith(".json")) found.importAttributes = { type: "json" };
  return found;
}
export async function load(url, context, next) {
  return next(url, url.endsWith(".json") ? { ...context, importAttributes: { type: "json" }, format: "json" } : context);
}`),
);

// Installed beside this file, or in the folder that ORACLES names.
const home = process.env.ORACLES ?? path.dirname(new URL(import.meta.url).pathname);
const installed = path.join(home, "node_modules", "@actions", "workflow-parser", "dist", "index.js");
const { parseWorkflow, convertWorkflowTemplate, NoOperationTraceWriter } = await import(pathToFileURL(installed));
const part = (name) => import(pathToFileURL(path.join(path.dirname(installed), name)));
const { TemplateContext, TemplateValidationErrors } = await part("templates/template-context.js");
const { getWorkflowSchema } = await part("workflows/workflow-schema.js");

// What GitHub has released, and its parser still takes for an experiment.
const released = new Set(["allowBackgroundSteps", "allowCaseFunction", "allowCopilotRequestsPermission"]);
const featureFlags = { isEnabled: (name) => released.has(name), getEnabledFeatures: () => [...released] };

const rootOf = (file) => path.resolve(path.dirname(file), "..", "..");

async function judge(file) {
  const content = fs.readFileSync(file, "utf8");
  const schema = getWorkflowSchema();
  const context = new TemplateContext(new TemplateValidationErrors(), schema, new NoOperationTraceWriter());
  context.state.featureFlags = featureFlags;
  const parsed = parseWorkflow({ name: file, content }, context);
  const errors = () => parsed.context.errors.getErrors().map((error) => error.rawMessage ?? error.message);
  if (!parsed.value || errors().length > 0) return errors().length > 0 ? errors() : ["no value"];
  let elsewhere = 0;
  const provider = {
    async getFileContent(reference) {
      if (reference.repository) {
        elsewhere += 1;
        throw new Error("out of reach");
      }
      const called = path.join(rootOf(file), reference.path);
      return { name: called, content: fs.readFileSync(called, "utf8") };
    },
  };
  const options = { fetchReusableWorkflowDepth: 1, maxReusableWorkflowDepth: 4, errorPolicy: 0, featureFlags };
  await convertWorkflowTemplate(parsed.context, parsed.value, provider, options);
  // One complaint for each workflow of another repository is none.
  return errors().filter((error) => !error.includes("Unable to find reusable workflow") || elsewhere-- <= 0);
}

const arguments_ = process.argv.slice(2);
const files = arguments_[0] === "-" ? fs.readFileSync(0, "utf8").trim().split("\n") : arguments_;
for (const file of files) {
  let errors;
  try {
    errors = await judge(file);
  } catch (error) {
    errors = [`the parser itself failed: ${error.message}`];
  }
  process.stdout.write(JSON.stringify({ path: file, loadable: errors.length === 0, errors }) + "\n");
}
