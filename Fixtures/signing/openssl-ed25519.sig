{
  "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
  "verificationMaterial": {
    "publicKey": {
      "hint": "8023341161cb3fa5c0d5a1d1b30bb2f9e894697c99f66c16532e8f3890d304e6"
    }
  },
  "dsseEnvelope": {
    "payload": "eyJfdHlwZSI6ICJodHRwczovL2luLXRvdG8uaW8vU3RhdGVtZW50L3YxIiwgInN1YmplY3QiOiBbeyJuYW1lIjogImluZGVwZW5kZW50LmR2bGEuc2FmZXRlbnNvcnMiLCAiZGlnZXN0IjogeyJzaGEyNTYiOiAiZTcwM2E3OGRjNTQ1MzY0NjYxOGQ4ZWRjYTAzZDg4MGZmZDZlZmE4ZWIyNTVmM2NmMTIxNTUzZTAyODE2MDIwZCJ9fV0sICJwcmVkaWNhdGVUeXBlIjogImh0dHBzOi8vbW9kZWxfc2lnbmluZy9zaWduYXR1cmUvdjEuMCIsICJwcmVkaWNhdGUiOiB7InNlcmlhbGl6YXRpb24iOiB7Im1ldGhvZCI6ICJmaWxlcyIsICJoYXNoX3R5cGUiOiAic2hhMjU2IiwgImFsbG93X3N5bWxpbmtzIjogZmFsc2V9LCAicmVzb3VyY2VzIjogW3sibmFtZSI6ICIuIiwgImFsZ29yaXRobSI6ICJzaGEyNTYiLCAiZGlnZXN0IjogIjU0YWY1YjFmYTk4MDU3YzFjMzQ3NTlkMWU0ZjM4ZjA1YmQyNjUxNzg3ZDAyOGU1MWJkYjkzMzA4OGNkMTE1ZTQifV19fQ==",
    "payloadType": "application/vnd.in-toto+json",
    "signatures": [
      {
        "sig": "YK9DphPsE1xi8K0BZnPDbuSB0B+Yocdb+kcUvD8kd2bKY4uOutRHvRp1GbgIZETZcAYCj9AkpaKQUfIcT8VlDw=="
      }
    ]
  }
}
