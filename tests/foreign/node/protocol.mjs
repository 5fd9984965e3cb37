// Talks with the test over lines of JSON: asks it for what only a person's browser can do.
import { createInterface } from "node:readline";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

// {ask, ...} goes out, and one line comes back.
export async function ask(what, value) {
  process.stdout.write(`${JSON.stringify({ ask: what, value })}\n`);
  const { value: line } = await lines.next();
  return JSON.parse(line);
}

export function say(step, value = null) {
  process.stdout.write(`${JSON.stringify({ step, value })}\n`);
}

export function done() {
  process.stdout.write(`${JSON.stringify({ done: true })}\n`);
  process.exit(0);
}
