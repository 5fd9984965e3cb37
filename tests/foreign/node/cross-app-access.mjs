// An agent with the official TypeScript client, for enterprise-managed authorization. Reads JSON.
// It obtains an identity assertion by an ID token, unless one is given, and prints it. Then it
// calls a tool of an MCP server with it, unless it shall only obtain one.
import { text } from "node:stream/consumers";
import {
  Client,
  CrossAppAccessProvider,
  StreamableHTTPClientTransport,
  discoverAndRequestJwtAuthGrant,
} from "@modelcontextprotocol/client";

const given = JSON.parse(await text(process.stdin));
const said = {};

async function assertion({ authorizationServerUrl, resourceUrl, scope, fetchFn }) {
  said.asked = [authorizationServerUrl, resourceUrl, scope];
  if (given.assertion) return given.assertion;
  const result = await discoverAndRequestJwtAuthGrant({
    idpUrl: given.company,
    audience: authorizationServerUrl,
    resource: resourceUrl,
    idToken: given.id_token,
    clientId: given.client_at_company.client_id,
    clientSecret: given.client_at_company.client_secret,
    scope,
    fetchFn,
  });
  said.assertion = result.jwtAuthGrant;
  said.expires_in = result.expiresIn;
  said.scope = result.scope;
  return result.jwtAuthGrant;
}

async function callTool() {
  const provider = new CrossAppAccessProvider({
    assertion,
    clientId: given.client.client_id,
    clientSecret: given.client.client_secret,
    expectedIssuer: given.issuer,
  });
  const client = new Client({ name: "An agent", version: "1" });
  await client.connect(
    new StreamableHTTPClientTransport(new URL(given.server), { authProvider: provider }),
  );
  const result = await client.callTool({ name: "read_notes", arguments: {} });
  said.text = result.content[0].text;
  said.tokens = provider.tokens();
}

try {
  if (given.only_obtains) {
    await assertion({
      authorizationServerUrl: given.issuer,
      resourceUrl: given.server,
      scope: "notes:read",
      fetchFn: fetch,
    });
  } else {
    await callTool();
  }
} catch (error) {
  said.error = `${error.code ?? ""} ${error.message}`;
}
process.stdout.write(JSON.stringify(said));
process.exit(0);
