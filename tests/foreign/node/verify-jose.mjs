// Verifies tokens by the published keys alone, as a service with `jose` does; reads lines of
// {"name", "token"} and answers with {"name": claims or the code of the refusal}.
import * as jose from "jose";

const [issuer, audience, jwksUri] = process.argv.slice(2);
const keys = jose.createRemoteJWKSet(new URL(jwksUri));
let input = "";
for await (const chunk of process.stdin) input += chunk;
const answers = {};
for (const { name, token } of JSON.parse(input)) {
  try {
    const { payload } = await jose.jwtVerify(token, keys, {
      issuer,
      audience,
      typ: "at+jwt",
      algorithms: ["ES256"],
      requiredClaims: ["exp", "iat", "sub", "client_id", "jti"],
    });
    answers[name] = payload;
  } catch (error) {
    answers[name] = error.code ?? String(error);
  }
}
console.log(JSON.stringify(answers));
