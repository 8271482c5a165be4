"""Reads the statement of a gate with other people's libraries, or signs its payload with one.

    read_gate.py read STATEMENT PUBLIC_KEY
    read_gate.py sign STATEMENT PRIVATE_KEY OUTPUT

`read` prints what each library found as one JSON document. None of our code is used.
"""
import copy
import json
import sys

import google.protobuf.json_format as protobuf_json
import in_toto_attestation.v1.statement_pb2 as statement_pb2
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from in_toto_attestation.v1.statement import Statement
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import CryptoSigner, SSlibKey
from sigstore_models.bundle.v1 import Bundle


def envelope(document: dict) -> Envelope:
    # It changes what it is given.
    return Envelope.from_dict(copy.deepcopy(document["dsseEnvelope"]))


def is_signed(read: Envelope, key: SSlibKey) -> bool:
    try:
        return bool(read.verify([key], 1))
    except VerificationError:
        return False


def read(path: str, key_path: str) -> dict:
    with open(path, encoding="utf-8") as file:
        text = file.read()
    with open(key_path, "rb") as file:
        key = SSlibKey.from_crypto(load_pem_public_key(file.read()))
    signed = envelope(json.loads(text))
    # It looks for a signature with the name of the key, of which DSSE says nothing, and ours has none.
    found = {"unnamed": is_signed(signed, key)}
    key.keyid = ""
    found["signed"] = is_signed(signed, key)
    changed = envelope(json.loads(text))
    changed.payload = changed.payload.replace(b'"passed":true', b'"passed":null', 1)
    found["changed"] = is_signed(changed, key)

    message = protobuf_json.Parse(signed.payload, statement_pb2.Statement())
    statement = Statement.copy_from_pb(message)
    statement.validate()
    found["type"] = statement.pb.predicate_type
    found["subject"] = statement.pb.subject[0].name
    found["digest"] = dict(statement.pb.subject[0].digest)
    predicate = protobuf_json.MessageToDict(message)["predicate"]
    found["passed"] = predicate["passed"]
    found["measures"] = [judgement["measure"] for judgement in predicate["judgements"]]
    found["count"] = predicate["observations"]["count"]

    bundle = Bundle.from_json(text)
    found["bundle"] = bundle.media_type
    found["bundle_payload"] = bundle.dsse_envelope.payload == signed.payload
    return found


def sign(path: str, key_path: str, output: str) -> None:
    with open(path, encoding="utf-8") as file:
        document = json.load(file)
    with open(key_path, "rb") as file:
        signer = CryptoSigner(load_pem_private_key(file.read(), None))
    old = envelope(document)
    new = Envelope(old.payload, old.payload_type, {})
    new.sign(signer)
    signed = new.to_dict()
    # The name that it gives the key is not that of a Sigstore bundle, where it has another place.
    for signature in signed["signatures"]:
        signature["keyid"] = ""
    document["dsseEnvelope"] = signed
    document["verificationMaterial"]["publicKey"] = {}
    with open(output, "w", encoding="utf-8") as file:
        json.dump(document, file, indent=2)


if __name__ == "__main__":
    if sys.argv[1] == "sign":
        sign(*sys.argv[2:])
    else:
        print(json.dumps(read(*sys.argv[2:])))
