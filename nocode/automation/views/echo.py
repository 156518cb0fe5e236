"""An address that answers what it was sent: for trying HTTP steps without the outside world."""

from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt

LARGEST_BODY = 64 * 1024


@csrf_exempt
def echo(request: HttpRequest) -> JsonResponse:
    """Method, query and body as JSON; credentials and cookies are not repeated."""
    if int(request.headers.get("Content-Length") or 0) > LARGEST_BODY:
        return JsonResponse({"error": f"The echo takes at most {LARGEST_BODY} bytes."}, status=413)
    body = request.read(LARGEST_BODY).decode("utf-8", "replace")
    return JsonResponse({"method": request.method, "query": request.GET.dict(), "body": body})
