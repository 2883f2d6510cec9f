"""`/v1/uploads`."""

from typing import Any

from api.media.accepted import LARGEST
from api.media.serializers import CompletionSerializer, NewUploadSerializer
from api.media.states import UploadStatus
from api.openapi.operations import Answer, Operation
from api.openapi.shapes import Schema, address, choice, flag, instant, or_null, record, ref, rows, text, uuid, whole

TAG = "Uploads"
ABOUT = (
    "Photos, clips and sounds. Announce a file, PUT its parts where the answer says, complete it: the bytes go "
    "straight to storage and never through the API."
)

_UPLOAD: dict[str, Schema] = {
    "id": uuid("What a gift's `media` names it by, once it is ready."),
    "livemode": flag(),
    "status": choice(
        [status for status in UploadStatus.values if status != UploadStatus.DELETED],
        "\n".join(f"* `{status.value}` - {status.label}" for status in UploadStatus if status != UploadStatus.DELETED),
    ),
    "filename": text(),
    "content_type": choice(sorted(LARGEST)),
    "size": whole("In bytes.", minimum=1),
    "failure": or_null(
        record({"code": text("For programs."), "detail": text("For people.")}, "Why the file was refused.")
    ),
    "created_at": instant(),
    "completed_at": or_null(instant()),
    "expires_at": instant("24 hours to finish it; once ready, 90 days to use it."),
}

SCHEMAS: dict[str, Schema] = {
    "Upload": record(_UPLOAD),
    "OpenUpload": record(
        {
            **_UPLOAD,
            "part_size": whole("Bytes of each part but the last, which has the rest.", minimum=1),
            "parts": rows(ref("UploadPart"), "Where to PUT each part that is not there yet."),
        }
    ),
    "UploadPart": record(
        {
            "number": whole("From 1.", minimum=1),
            "url": address("Signed for an hour, and for exactly this part's length."),
        }
    ),
}

PENDING: dict[str, Any] = {
    "id": "01936b10-2f0c-7b7e-8d59-0a6b1de1c3a4",
    "livemode": False,
    "status": "pending",
    "filename": "photo.jpg",
    "content_type": "image/jpeg",
    "size": 2483112,
    "failure": None,
    "created_at": "2026-11-23T12:00:00Z",
    "completed_at": None,
    "expires_at": "2026-11-24T12:00:00Z",
}
OPEN = {
    **PENDING,
    "part_size": 8388608,
    "parts": [{"number": 1, "url": "https://media.example/uploads/…?partNumber=1&X-Amz-Signature=…"}],
}
READY = {
    **PENDING,
    "status": "ready",
    "completed_at": "2026-11-23T12:00:41Z",
    "expires_at": "2027-02-21T12:00:41Z",
}

ID = {"id": "The upload's id."}
ID_EXAMPLE = {"id": PENDING["id"]}

OPERATIONS = {
    "POST /v1/uploads": Operation(
        id="create_upload",
        tag=TAG,
        summary="Announce a file",
        description="Answers where to put the file's parts. MP4, QuickTime and WebM up to 500 MB; JPEG, PNG and WebP "
        "up to 20 MB; MPEG, MP4 and WAV sound up to 50 MB. A repeated `Idempotency-Key` is answered with fresh "
        "addresses.",
        answer=Answer("The upload, waiting for its parts.", "OpenUpload", OPEN, status=201),
        body=NewUploadSerializer,
        body_examples={"photo": {"filename": "photo.jpg", "content_type": "image/jpeg", "size": 2483112}},
    ),
    "GET /v1/uploads/{id}": Operation(
        id="get_upload",
        tag=TAG,
        summary="An upload's status",
        description="The upload, without addresses.",
        answer=Answer("The upload.", "Upload", READY),
        path_words=ID,
        path_examples=ID_EXAMPLE,
    ),
    "DELETE /v1/uploads/{id}": Operation(
        id="delete_upload",
        tag=TAG,
        summary="Delete a file",
        description="Takes the file back, with its bytes. One that a gift uses stays: 409 `in_use`.",
        answer=Answer("It is gone.", status=204),
        codes={409: ("in_use",)},
        path_words=ID,
        path_examples=ID_EXAMPLE,
    ),
    "POST /v1/uploads/{id}/parts": Operation(
        id="sign_upload_parts",
        tag=TAG,
        summary="Fresh addresses",
        description="Addresses for the parts that are not there yet, so that an upload which broke off can go on.",
        answer=Answer("The upload; no parts when all are there.", "OpenUpload", OPEN),
        codes={409: ("invalid_state",)},
        path_words=ID,
        path_examples=ID_EXAMPLE,
    ),
    "POST /v1/uploads/{id}/complete": Operation(
        id="complete_upload",
        tag=TAG,
        summary="Put the parts together",
        description="Name each part with the `ETag` that the storage answered to its PUT. We look at the file: one of "
        "another size or kind than announced is refused with 422 and deleted. A ready upload stays as it is.",
        answer=Answer("The upload, ready for a gift's `media`.", "Upload", READY),
        codes={
            409: ("invalid_state",),
            422: (
                "duplicate_part",
                "missing_part",
                "too_many_pixels",
                "truncated",
                "unknown_part",
                "unreadable",
                "wrong_etag",
                "wrong_size",
                "wrong_type",
            ),
        },
        body=CompletionSerializer,
        body_examples={"one part": {"parts": [{"number": 1, "etag": '"6b1a2d0f0e9c4b7f8d3e5a7c9b1f2e4d"'}]}},
        path_words=ID,
        path_examples=ID_EXAMPLE,
    ),
}
