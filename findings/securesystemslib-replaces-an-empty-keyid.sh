#!/usr/bin/env bash
# Expected: a key made with keyid="" has that keyid, so that it verifies a DSSE envelope whose signature has the keyid "". A
# Sigstore bundle has such envelopes, since it names the key elsewhere. The documentation computes a default "if not passed".
# Seen: in securesystemslib 1.6.0 SSlibKey.from_crypto(…, keyid="") names the key by its digest all the same, and
# Envelope.verify, which looks for the name of the key before it tries the key, finds no signature. So key.keyid = "" is to be
# set afterwards. A sound signature without the member keyid, which DSSE makes optional, is a KeyError.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" -q install securesystemslib==1.6.0 cryptography==50.0.2
"$folder/venv/bin/python" - <<'PYTHON'
import base64

import securesystemslib
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey

secret = Ed25519PrivateKey.generate()
payload, kind = b"{}", "application/vnd.in-toto+json"
message = b"DSSEv1 %d %b %d %b" % (len(kind), kind.encode(), len(payload), payload)
signature = base64.b64encode(secret.sign(message)).decode()


def outcome(key: SSlibKey, **names: str) -> str:
    """What comes of verifying the one signature, which is sound, under that name."""
    try:
        envelope = Envelope.from_dict(
            {
                "payload": base64.b64encode(payload).decode(),
                "payloadType": kind,
                "signatures": [{"sig": signature, **names}],
            }
        )
        envelope.verify([key], 1)
    except (VerificationError, KeyError) as error:
        return type(error).__name__
    return "verified"


key = SSlibKey.from_crypto(secret.public_key(), keyid="")
print("securesystemslib", securesystemslib.__version__)
print('keyid after from_crypto(keyid=""):', repr(key.keyid))
found = [outcome(key, keyid=key.keyid), outcome(key, keyid="")]
key.keyid = ""
found += [outcome(key, keyid=""), outcome(key)]
print("named; unnamed; unnamed, keyid set afterwards; no member keyid:", found)
expected = ["verified", "VerificationError", "verified", "KeyError"]
raise SystemExit(0 if found == expected else "the finding no longer holds here")
PYTHON
