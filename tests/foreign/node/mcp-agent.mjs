// An agent with the official TypeScript client. Reads one line of JSON, prints lines of JSON: `open`
// is a URL for the user's browser, the last line says what happened. It calls a tool, refreshes, and
// calls a tool that needs another scope.
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import {
  Client,
  StreamableHTTPClientTransport,
  UnauthorizedError,
} from "@modelcontextprotocol/client";

const { value: line } = await createInterface({ input: process.stdin })[Symbol.asyncIterator]().next();
const given = JSON.parse(line);
const redirectUrl = `http://127.0.0.1:${given.port}/callback`;
const say = (values) => process.stdout.write(`${JSON.stringify(values)}\n`);

// The answers of the authorization server, one after the other.
const answers = [];
let wake = () => {};
const listener = createServer((request, response) => {
  const url = new URL(request.url, redirectUrl);
  response.end("Done");
  if (url.pathname === "/callback") {
    answers.push(url.searchParams);
    wake();
  }
});
await new Promise((resolve) => listener.listen(given.port, "127.0.0.1", resolve));

async function nextAnswer() {
  while (answers.length === 0) await new Promise((resolve) => (wake = resolve));
  return answers.shift();
}

class Memory {
  clientMetadataUrl = given.document ?? undefined;
  redirectUrl = redirectUrl;
  stored = {};

  get clientMetadata() {
    return {
      client_name: "An agent",
      redirect_uris: [redirectUrl],
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      token_endpoint_auth_method: "none",
    };
  }
  state() {
    return (this.stored.state = crypto.randomUUID());
  }
  clientInformation() {
    return this.stored.client;
  }
  saveClientInformation(client) {
    this.stored.client = client;
  }
  tokens() {
    return this.stored.tokens;
  }
  saveTokens(tokens) {
    this.stored.tokens = tokens;
  }
  redirectToAuthorization(url) {
    say({ open: url.href });
  }
  saveCodeVerifier(verifier) {
    this.stored.verifier = verifier;
  }
  codeVerifier() {
    return this.stored.verifier;
  }
  discoveryState() {
    return this.stored.discovery;
  }
  saveDiscoveryState(discovery) {
    this.stored.discovery = discovery;
  }
}

const provider = new Memory();
let transport;
let client;

async function connect() {
  transport = new StreamableHTTPClientTransport(new URL(given.server), { authProvider: provider });
  client = new Client({ name: "An agent", version: "1" });
  await client.connect(transport);
}

// Do something; if the user has to sign in or to allow more first, do it again afterwards.
async function authorized(work) {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof UnauthorizedError)) throw error;
  }
  const parameters = await nextAnswer();
  if (parameters.get("state") !== provider.stored.state) throw new Error("another state");
  await transport.finishAuth(parameters);
  return await work();
}

const texts = [];
const tokens = [];

async function call(name, values = {}) {
  const result = await authorized(() => client.callTool({ name, arguments: values }));
  texts.push(result.content[0].text);
  tokens.push({ ...provider.stored.tokens });
}

await authorized(connect);
await call("read_notes");
provider.stored.tokens = { ...provider.stored.tokens, access_token: "expired" };
await call("read_notes");
await call("add_note", { text: "Buy milk" });
await call("read_notes");
say({ client_id: provider.stored.client.client_id, texts, tokens });
process.exit(0);
