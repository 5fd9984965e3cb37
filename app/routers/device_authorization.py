"""`POST /device_authorization` (RFC 8628 section 3.1): start a device authorization."""

from app.middleware.cors import CrossOrigin
from app.middleware.http import HttpRequest, HttpResponse
from app.routers.hot import HotEndpoint, form_request_of, read_by
from app.routers.json_responses import NO_STORE, json_response
from app.routers.openapi_errors import protocol_errors
from app.schemas.tokens import DeviceRequest, DeviceResponse
from app.wiring import OAuth

READ = read_by(DeviceRequest)


async def authorize_device(oauth: OAuth, request: HttpRequest) -> HttpResponse:
    response = await oauth.device_authorization.respond(form_request_of(request, read=READ))
    return json_response(response, headers=NO_STORE)


DEVICE_AUTHORIZATION = HotEndpoint(
    "POST",
    "/device_authorization",
    authorize_device,
    {
        "tags": ["Authorization"],
        "name": "device_authorization",
        "summary": "Sign in on a device without a browser",
        "description": (
            "Device authorization (RFC 8628): returns a short code that the user enters at "
            "`/device`, while the device polls `/token` until the user has decided."
        ),
        "response_model": DeviceResponse,
        "responses": protocol_errors(
            {400: "The request is refused.", 401: "Client authentication failed."}
        ),
    },
    forms=(DeviceRequest,),
    examples={"device": {"summary": "A device", "value": {"scope": "openid profile"}}},
    cross_origin=CrossOrigin.REGISTERED,
    takes_proofs=False,
)
