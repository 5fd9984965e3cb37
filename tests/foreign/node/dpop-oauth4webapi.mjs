// oauth4webapi with a token bound to a key, and a request repeated with the nonce of the server.
import * as oauth from "oauth4webapi";
import { done, say } from "./protocol.mjs";

const [issuerUrl, , clientId, clientSecret] = process.argv.slice(2);
const http = { [oauth.allowInsecureRequests]: true };
const issuer = new URL(issuerUrl);
const client = { client_id: clientId };
const as = await oauth.processDiscoveryResponse(
  issuer,
  await oauth.discoveryRequest(issuer, { ...http, algorithm: "oauth2" }),
);
const DPoP = oauth.DPoP(client, await oauth.generateKeyPair("ES256"));
const nonces = [];

async function repeated(send) {
  try {
    return await send();
  } catch (error) {
    if (!oauth.isDPoPNonceError(error)) throw error;
    nonces.push(error.status);
    return send();
  }
}

const tokens = await repeated(async () => {
  const response = await oauth.clientCredentialsGrantRequest(
    as, client, oauth.ClientSecretPost(clientSecret), {}, { ...http, DPoP },
  );
  return oauth.processClientCredentialsResponse(as, client, response);
});
say("token", tokens.token_type);
say("nonces", nonces);

const profile = await repeated(() => oauth.protectedResourceRequest(
  tokens.access_token, "GET", new URL(`${issuerUrl}/profile`), undefined, undefined,
  { ...http, DPoP },
));
say("profile", (await profile.json()).client_id === clientId);

const stolen = await oauth.protectedResourceRequest(
  tokens.access_token, "GET", new URL(`${issuerUrl}/profile`), undefined, undefined, http,
).catch((error) => error);
say("as a bearer token", stolen.cause.map(({ scheme, parameters }) => [scheme, parameters.error]));
done();
