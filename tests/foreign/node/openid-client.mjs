// The walk of openid-client: discovery, registration, code with PKCE, UserInfo, refresh,
// introspection, PAR, device, revocation, logout.
import * as client from "openid-client";
import { ask, done, say } from "./protocol.mjs";

const [issuer, redirectUri] = process.argv.slice(2);
const options = { execute: [client.allowInsecureRequests] };
const DEVICE = "urn:ietf:params:oauth:grant-type:device_code";

const config = await client.dynamicClientRegistration(
  new URL(issuer),
  {
    client_name: "openid-client",
    redirect_uris: [redirectUri],
    grant_types: ["authorization_code", "refresh_token", DEVICE],
    token_endpoint_auth_method: "client_secret_post",
    post_logout_redirect_uris: [redirectUri],
  },
  undefined,
  options,
);
say("discovery and registration", config.clientMetadata().client_id.length);

async function codeFlow(build) {
  const verifier = client.randomPKCECodeVerifier();
  const state = client.randomState();
  const nonce = client.randomNonce();
  const url = await build(config, {
    redirect_uri: redirectUri,
    scope: "openid profile email offline_access",
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    state,
    nonce,
  });
  const back = await ask("browser", url.href);
  return client.authorizationCodeGrant(config, new URL(back), {
    pkceCodeVerifier: verifier,
    expectedState: state,
    expectedNonce: nonce,
    idTokenExpected: true,
  });
}

const tokens = await codeFlow(client.buildAuthorizationUrl);
const { sub } = tokens.claims();
say("code with PKCE", Object.keys(tokens).sort());

const userinfo = await client.fetchUserInfo(config, tokens.access_token, sub);
say("userinfo", userinfo.preferred_username);

const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token);
if (refreshed.claims().sub !== sub) throw new Error("the refreshed ID token is another's");
say("refresh", refreshed.token_type);

const introspection = await client.tokenIntrospection(config, refreshed.access_token);
say("introspection", introspection.active);

const pushed = await codeFlow(client.buildAuthorizationUrlWithPAR);
say("pushed authorization request", pushed.claims().sub === sub);

const device = await client.initiateDeviceAuthorization(config, { scope: "openid profile" });
const poll = client.pollDeviceAuthorizationGrant(config, device);
await ask("device", device.verification_uri_complete);
say("device", (await poll).claims().sub === sub);

await client.tokenRevocation(config, refreshed.access_token);
const gone = await client.tokenIntrospection(config, refreshed.access_token);
say("revocation", gone.active);

const endSession = client.buildEndSessionUrl(config, {
  id_token_hint: tokens.id_token,
  post_logout_redirect_uri: redirectUri,
  state: "bye",
});
say("logout", new URL(await ask("logout", endSession.href)).searchParams.get("state"));
done();
