// The walk of oauth4webapi, which checks every answer to the letter.
import * as oauth from "oauth4webapi";
import { ask, done, say } from "./protocol.mjs";

const [issuerUrl, redirectUri, clientId, clientSecret] = process.argv.slice(2);
const http = { [oauth.allowInsecureRequests]: true };
const issuer = new URL(issuerUrl);
const client = { client_id: clientId };
const authentication = oauth.ClientSecretPost(clientSecret);

const as = await oauth.processDiscoveryResponse(
  issuer,
  await oauth.discoveryRequest(issuer, { ...http, algorithm: "oauth2" }),
);
say("discovery", as.issuer === issuerUrl);

const verifier = oauth.generateRandomCodeVerifier();
const state = oauth.generateRandomState();
const nonce = oauth.generateRandomNonce();
const parameters = {
  response_type: "code",
  redirect_uri: redirectUri,
  scope: "openid profile offline_access",
  code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
  code_challenge_method: "S256",
  state,
  nonce,
};

async function codeFlow(url) {
  const back = new URL(await ask("browser", url.href));
  const checked = oauth.validateAuthResponse(as, client, back, state);
  const response = await oauth.authorizationCodeGrantRequest(
    as, client, authentication, checked, redirectUri, verifier, http,
  );
  return oauth.processAuthorizationCodeResponse(as, client, response, {
    expectedNonce: nonce,
    requireIdToken: true,
  });
}

const url = new URL(as.authorization_endpoint);
for (const [name, value] of Object.entries({ ...parameters, client_id: clientId })) {
  url.searchParams.set(name, value);
}
const tokens = await codeFlow(url);
const { sub } = oauth.getValidatedIdTokenClaims(tokens);
say("code with PKCE", Object.keys(tokens).sort());

const userinfo = await oauth.processUserInfoResponse(
  as, client, sub, await oauth.userInfoRequest(as, client, tokens.access_token, http),
);
say("userinfo", userinfo.preferred_username);

const refreshed = await oauth.processRefreshTokenResponse(
  as, client,
  await oauth.refreshTokenGrantRequest(as, client, authentication, tokens.refresh_token, http),
);
say("refresh", refreshed.token_type);

const introspection = await oauth.processIntrospectionResponse(
  as, client,
  await oauth.introspectionRequest(as, client, authentication, refreshed.access_token, http),
);
say("introspection", introspection.active);

const pushed = await oauth.processPushedAuthorizationResponse(
  as, client,
  await oauth.pushedAuthorizationRequest(as, client, authentication, parameters, http),
);
const pushedUrl = new URL(as.authorization_endpoint);
pushedUrl.searchParams.set("client_id", clientId);
pushedUrl.searchParams.set("request_uri", pushed.request_uri);
const again = await codeFlow(pushedUrl);
say("pushed authorization request", oauth.getValidatedIdTokenClaims(again).sub === sub);

const device = await oauth.processDeviceAuthorizationResponse(
  as, client,
  await oauth.deviceAuthorizationRequest(as, client, authentication, { scope: "openid" }, http),
);
await ask("device", device.verification_uri_complete);
const connected = await oauth.processDeviceCodeResponse(
  as, client,
  await oauth.deviceCodeGrantRequest(as, client, authentication, device.device_code, http),
);
say("device", oauth.getValidatedIdTokenClaims(connected).sub === sub);

await oauth.processRevocationResponse(
  await oauth.revocationRequest(as, client, authentication, refreshed.access_token, http),
);
const gone = await oauth.processIntrospectionResponse(
  as, client,
  await oauth.introspectionRequest(as, client, authentication, refreshed.access_token, http),
);
say("revocation", gone.active);
done();
