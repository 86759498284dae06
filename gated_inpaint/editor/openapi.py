"""The API in OpenAPI's terms: what other programs may rely on. The page uses more, which may change with it."""

import gated_inpaint
from gated_inpaint.inference.plan import SMALLEST_WORKING_SIZE, STRATEGIES


def document():
    """The document, as JSON."""
    options = {
        "model": {"type": "string", "description": "A name from /api/v1/models; the first one if left out."},
        "hd_strategy": {"type": "string", "enum": list(STRATEGIES), "default": "auto"},
        "working_size": {"type": "integer", "minimum": SMALLEST_WORKING_SIZE},
        "finish": {"type": "boolean", "default": False, "description": "The paper's own work on the result; some weights have it."},
        "mask_from": {"type": "string", "default": "auto", "description": "auto, light, dark, alpha, transparent, or #RRGGBB."},
        "invert_mask": {"type": "boolean", "default": False},
        "grow_mask": {"type": "integer", "default": 0, "description": "Pixels; negative: the hole is shrunk."},
        "resize_mask": {"type": "boolean", "default": False},
        "output_format": {"type": "string", "enum": ["same", "png"], "default": "same"},
        "quality": {"type": "integer", "minimum": 1, "maximum": 100, "default": 95},
    }

    def files(schema):
        said = {
            "image": "The photo, any file that the command reads.",
            "mask": "White in the hole, of the photo's size. Without one, what is transparent in the photo is the hole.",
            "sketch": "White lines on black; for guided weights only.",
        }
        return {name: {**schema, "description": text} for name, text in said.items()}

    def body(properties):
        return {"schema": {"type": "object", "required": ["image"], "properties": {**properties, **options}}}

    names = {f"{name}_name": {"type": "string", "description": "What messages call it."} for name in ("image", "mask", "sketch")}
    problem = {
        "description": "A sentence that says what is wrong (RFC 9457).",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    picture = {"schema": {"type": "string", "format": "binary"}}
    problems = {str(status): problem for status in (400, 401, 403, 408, 413, 415, 422, 500, 503)}

    def get(summary, media, *statuses):
        answers = {"200": {"description": summary, "content": {media: {}}}}
        return {"get": {"summary": summary, "responses": {**answers, **{status: problem for status in statuses}}}}

    return {
        "openapi": "3.1.0",
        "info": {"title": "gated_inpaint", "version": gated_inpaint.__version__, "license": {"name": "Apache-2.0"}},
        "paths": {
            "/api/v1/complete": {
                "post": {
                    "summary": "Completes a photo as `gated-inpaint complete` does; in reduced crops it may differ by a level.",
                    "requestBody": {
                        "required": True,
                        "content": {
                            "multipart/form-data": body(files({"type": "string", "format": "binary"})),
                            "application/json": body({**files({"type": "string", "contentEncoding": "base64"}), **names}),
                        },
                    },
                    "responses": {
                        "200": {
                            "description": "The picture, in the photo's format; base64 where the request accepts application/json.",
                            "headers": {
                                "Notes": {"description": "Remarks, a JSON array.", "schema": {"type": "string"}},
                                "Plan": {"description": "How it was completed; empty: as it is.", "schema": {"type": "string"}},
                            },
                            "content": {
                                **{f"image/{kind}": picture for kind in ("png", "jpeg", "webp", "tiff")},
                                "application/json": {
                                    "schema": {
                                        "type": "object",
                                        "properties": {
                                            "image": {"type": "string", "contentEncoding": "base64"},
                                            "name": {"type": "string"},
                                            "plan": {"type": "string"},
                                            "notes": {"type": "array", "items": {"type": "string"}},
                                            "seconds": {"type": "number"},
                                        },
                                    }
                                },
                            },
                        },
                        **problems,
                    },
                }
            },
            "/api/v1/models": get("The weights to choose from, strategies, and limits.", "application/json"),
            "/health": get("Whether the server answers.", "application/json"),
            "/ready": get("Whether the weights are loaded.", "application/json", "503"),
            "/metrics": get("Requests, seconds and the queue, for Prometheus.", "text/plain"),
        },
        "components": {
            "schemas": {
                "Problem": {
                    "type": "object",
                    "properties": {
                        "type": {"type": "string"},
                        "title": {"type": "string"},
                        "status": {"type": "integer"},
                        "detail": {"type": "string"},
                    },
                }
            },
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"token": []}],
    }
