// Starts Swagger UI on our own description of the API.
"use strict";

// Otherwise the browser asks for a password of its own where an answer has WWW-Authenticate.
function withoutCredentials(request) {
  request.credentials = "omit";
  return request;
}

window.addEventListener("load", () => {
  window.ui = window.SwaggerUIBundle({
    url: "openapi.json",
    dom_id: "#swagger-ui",
    deepLinking: true,
    displayRequestDuration: true,
    persistAuthorization: false,
    tryItOutEnabled: true,
    validatorUrl: null,
    oauth2RedirectUrl: new URL("docs/oauth2-redirect.html", location.href).href,
    requestInterceptor: withoutCredentials,
    presets: [window.SwaggerUIBundle.presets.apis],
    layout: "BaseLayout",
  });
  window.ui.initOAuth({ usePkceWithAuthorizationCodeGrant: true });
});
