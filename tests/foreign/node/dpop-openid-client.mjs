// openid-client with tokens bound to a key: PAR, code, refresh, UserInfo, client credentials. It
// repeats each request that is answered with a nonce.
import * as client from "openid-client";
import { ask, done, say } from "./protocol.mjs";

const [issuer, redirectUri, clientId, clientSecret] = process.argv.slice(2);
const config = await client.discovery(
  new URL(issuer), clientId, clientSecret, client.ClientSecretPost(clientSecret),
  { execute: [client.allowInsecureRequests] },
);
say("algorithms", config.serverMetadata().dpop_signing_alg_values_supported.includes("ES256"));

for (const algorithm of ["ES256", "Ed25519", "PS256"]) {
  const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair(algorithm));
  const verifier = client.randomPKCECodeVerifier();
  const state = client.randomState();
  const url = await client.buildAuthorizationUrlWithPAR(
    config,
    {
      redirect_uri: redirectUri,
      scope: "openid profile offline_access",
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
      state,
    },
    { DPoP },
  );
  const back = new URL(await ask("browser", url.href));
  const tokens = await client.authorizationCodeGrant(
    config, back, { pkceCodeVerifier: verifier, expectedState: state, idTokenExpected: true },
    undefined, { DPoP },
  );
  const { sub } = tokens.claims();
  const refreshed = await client.refreshTokenGrant(
    config, tokens.refresh_token, undefined, { DPoP },
  );
  const userinfo = await client.fetchUserInfo(config, refreshed.access_token, sub, { DPoP });
  const introspection = await client.tokenIntrospection(config, refreshed.access_token);
  const own = await client.clientCredentialsGrant(config, undefined, { DPoP });
  const profile = await client.fetchProtectedResource(
    config, own.access_token, new URL(`${issuer}/profile`), "GET", null, undefined, { DPoP },
  );
  say(algorithm, [
    tokens.token_type,
    refreshed.token_type,
    userinfo.preferred_username,
    introspection.cnf.jkt === await DPoP.calculateThumbprint(),
    own.token_type,
    (await profile.json()).client_id === clientId,
  ]);
}
done();
