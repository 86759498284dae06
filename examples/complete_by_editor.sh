#!/bin/sh
# Completes a photo through the editor's server (gated-inpaint edit --nobrowser).
# Use: complete_by_editor.sh photo.jpg mask.png completed.jpg
exec curl --fail-with-body -sS -F "image=@$1" -F "mask=@$2" -o "$3" "${URL:-http://127.0.0.1:8300}/api/v1/complete"
