// Hands the answer of the authorization endpoint to Swagger UI, which opened this window.
"use strict";

{
  const flow = window.opener?.swaggerUIRedirectOauth2;
  const answer = Object.fromEntries(new URLSearchParams(location.search));
  const tell = (level, message) =>
    flow.errCb({ authId: flow.auth.name, source: "auth", level, message });
  if (flow) {
    if (answer.state !== flow.state) tell("error", "The answer does not belong to this request.");
    else if (answer.error) tell("error", answer.error_description ?? answer.error);
    else if (!answer.code) tell("error", "The answer holds no code.");
    else {
      delete flow.auth.state;
      flow.auth.code = answer.code;
      flow.callback({ auth: flow.auth, redirectUrl: flow.redirectUrl });
    }
    window.close();
  }
}
