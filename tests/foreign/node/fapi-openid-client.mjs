// openid-client as a FAPI 2.0 client: PAR, private_key_jwt and DPoP, against a server with PROFILE=fapi2.
import * as client from "openid-client";
import { ask, done, say } from "./protocol.mjs";

const [issuer, redirectUri, clientId, jwk] = process.argv.slice(2);
const { kid, ...members } = JSON.parse(jwk);
const key = await crypto.subtle.importKey(
  "jwk", { ...members, key_ops: ["sign"] }, { name: "ECDSA", namedCurve: "P-256" }, false, ["sign"],
);
const config = await client.discovery(
  new URL(issuer), clientId, { id_token_signed_response_alg: "PS256" },
  client.PrivateKeyJwt({ key, kid }), { execute: [client.allowInsecureRequests] },
);
const metadata = config.serverMetadata();
say("metadata", [
  metadata.require_pushed_authorization_requests,
  metadata.id_token_signing_alg_values_supported,
  metadata.token_endpoint_auth_methods_supported,
]);

const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair("ES256"));
const verifier = client.randomPKCECodeVerifier();
const [state, nonce] = [client.randomState(), client.randomNonce()];
const parameters = {
  redirect_uri: redirectUri,
  scope: "openid profile offline_access",
  code_challenge: await client.calculatePKCECodeChallenge(verifier),
  code_challenge_method: "S256",
  state,
  nonce,
};
const url = await client.buildAuthorizationUrlWithPAR(config, parameters, { DPoP });
say("request", [...url.searchParams.keys()].sort());
const back = new URL(await ask("browser", url.href));
const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce };
const tokens = await client.authorizationCodeGrant(config, back, checks, undefined, { DPoP });
const header = JSON.parse(Buffer.from(tokens.id_token.split(".")[0], "base64url"));
say("tokens", [tokens.token_type, header.alg, "sid" in tokens.claims()]);

const other = client.getDPoPHandle(config, await client.randomDPoPKeyPair("PS256"));
const refreshed = await client.refreshTokenGrant(
  config, tokens.refresh_token, undefined, { DPoP: other },
);
const { sub } = tokens.claims();
const userinfo = await client.fetchUserInfo(config, refreshed.access_token, sub, { DPoP: other });
say("refresh", [refreshed.refresh_token === tokens.refresh_token, userinfo.preferred_username]);

const own = await client.clientCredentialsGrant(config, undefined, { DPoP });
say("client credentials", own.token_type);

const refused = async (attempt) => attempt.then(() => "accepted", (error) => error.error);
say("refused", [
  await refused(client.clientCredentialsGrant(config)),
  await refused(client.buildAuthorizationUrlWithPAR(config, { scope: "openid" })),
  await refused(client.genericGrantRequest(config, "password", { username: "x", password: "x" })),
]);
done();
