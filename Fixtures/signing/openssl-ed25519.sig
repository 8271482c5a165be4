{
  "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
  "verificationMaterial": {
    "publicKey": {
      "hint": "8023341161cb3fa5c0d5a1d1b30bb2f9e894697c99f66c16532e8f3890d304e6"
    }
  },
  "dsseEnvelope": {
    "payload": "eyJfdHlwZSI6ICJodHRwczovL2luLXRvdG8uaW8vU3RhdGVtZW50L3YxIiwgInN1YmplY3QiOiBbeyJuYW1lIjogImluZGVwZW5kZW50LmR2bGEuc2FmZXRlbnNvcnMiLCAiZGlnZXN0IjogeyJzaGEyNTYiOiAiMjZhYjQyMWYyNjVjYmE2OWU0ZWI1ZDQ2YmNkY2NhMDBmODA2OTBmMjgzZjNkYjM1Y2I4MzA3NDhiM2MzZDBlYyJ9fV0sICJwcmVkaWNhdGVUeXBlIjogImh0dHBzOi8vbW9kZWxfc2lnbmluZy9zaWduYXR1cmUvdjEuMCIsICJwcmVkaWNhdGUiOiB7InNlcmlhbGl6YXRpb24iOiB7Im1ldGhvZCI6ICJmaWxlcyIsICJoYXNoX3R5cGUiOiAic2hhMjU2IiwgImFsbG93X3N5bWxpbmtzIjogZmFsc2V9LCAicmVzb3VyY2VzIjogW3sibmFtZSI6ICIuIiwgImFsZ29yaXRobSI6ICJzaGEyNTYiLCAiZGlnZXN0IjogIjcwNmMzNjQ1NDRkYzk5M2ZiMTY3YTRlNTJjM2E4NDIzOTE1OWYwZjIxNmY4MjM1MmI4MjI5NmU2MWRjNzA1NzYifV19fQ==",
    "payloadType": "application/vnd.in-toto+json",
    "signatures": [
      {
        "sig": "P92pJSUX7AjbUjx8TSwG9U8UQwKY3wDgTl2645g4x6E9NiglDJG32SHmCAPY0tEbL0HzfpTWsvQKHuOoIZc8Aw=="
      }
    ]
  }
}
