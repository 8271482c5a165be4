"""Writes Fixtures/signing/: keys by openssl, and signatures of bundles/independent.dvla.safetensors
made by other programs than ours.

    python signatures.py    (needs openssl, model-signing 1.1.1 and pyOpenSSL)

Keys that are there are kept. They are for tests alone: their private halves are published here.
Signatures by ECDSA differ from run to run, since each draws a number.

OLD_PYTHON=PYTHON python signatures.py also writes what the OpenSSF tool wrote up to its version 1.0
(there: model-signing 1.0.0, pyOpenSSL, sigstore 3.6.5, sigstore-protobuf-specs 0.3.2).
"""
import base64
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

FIXTURES = pathlib.Path(__file__).resolve().parent.parent
FOLDER = FIXTURES / "signing"
BUNDLE = FIXTURES / "bundles" / "independent.dvla.safetensors"
PAYLOAD_TYPE = "application/vnd.in-toto+json"


def openssl(*words, data=None):
    return subprocess.run(
        ["openssl", *map(str, words)], check=True, input=data, capture_output=True).stdout


def generate(name, *words):
    path = FOLDER / f"{name}.pem"
    if not path.exists():
        path.write_bytes(openssl("genpkey", *words))
        (FOLDER / f"{name}.pub.pem").write_bytes(openssl("pkey", "-in", path, "-pubout"))
    return path


def derive(name, *words):
    path = FOLDER / name
    if not path.exists():
        path.write_bytes(openssl(*words))


def keys():
    curve = "ec_paramgen_curve:"
    generate("ed25519", "-algorithm", "ED25519")
    p256 = generate("p256", "-algorithm", "EC", "-pkeyopt", curve + "P-256")
    generate("p384", "-algorithm", "EC", "-pkeyopt", curve + "P-384")
    generate("p521", "-algorithm", "EC", "-pkeyopt", curve + "P-521")
    other = generate("other-p256", "-algorithm", "EC", "-pkeyopt", curve + "P-256")
    # Kinds that are refused.
    generate("rsa", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")
    generate("ed448", "-algorithm", "ED448")
    generate("secp256k1", "-algorithm", "EC", "-pkeyopt", curve + "secp256k1")
    derive("explicit.pub.pem", "ec", "-in", p256, "-pubout", "-param_enc", "explicit")
    # The same key, p256, in other spellings.
    derive("p256-compressed.pub.pem", "ec", "-in", p256, "-pubout", "-conv_form", "compressed")
    derive("p256-sec1.pem", "ec", "-in", p256)
    derive("p256-encrypted.pem", "pkcs8", "-topk8", "-in", p256, "-passout", "pass:open sesame")
    derive("p256-encrypted-sec1.pem", "ec", "-in", p256, "-aes256", "-passout", "pass:open sesame")
    (FOLDER / "passphrase.txt").write_text("open sesame\n")
    # As `openssl ecparam -genkey` writes it.
    path = FOLDER / "p256-with-parameters.pem"
    if not path.exists():
        path.write_bytes(
            openssl("ecparam", "-name", "prime256v1") + (FOLDER / "p256-sec1.pem").read_bytes())
    # The private half of p256 with the public half of another key.
    path = FOLDER / "mismatched.pem"
    if not path.exists():
        halves = [openssl("ec", "-in", key, "-outform", "DER") for key in (p256, other)]
        mixed = halves[0][:-65] + halves[1][-65:]
        text = base64.encodebytes(mixed).decode().replace("\n", "")
        lines = [text[start:start + 64] for start in range(0, len(text), 64)]
        path.write_text("\n".join(
            ["-----BEGIN EC PRIVATE KEY-----", *lines, "-----END EC PRIVATE KEY-----", ""]))


def by_the_tool():
    from model_signing import hashing, signing

    def sign(model, name, key="p256", config=None):
        config = config or hashing.Config().use_file_serialization()
        signing.Config().use_elliptic_key_signer(
            private_key=FOLDER / f"{key}.pem").set_hashing_config(config).sign(
            model, FOLDER / f"{name}.sig")

    sign(BUNDLE, "tool-p256")
    sign(BUNDLE, "tool-p384", "p384")
    sign(BUNDLE, "tool-p521", "p521")
    sign(BUNDLE, "tool-blake3", config=hashing.Config().use_file_serialization(
        hashing_algorithm="blake3"))
    sign(BUNDLE, "tool-shards", config=hashing.Config().use_shard_serialization(shard_size=4096))
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder) / "model"
        folder.mkdir()
        shutil.copy(BUNDLE, folder)
        sign(folder, "tool-folder")
        (folder / "readme").write_text("more\n")
        sign(folder, "tool-two-files")


def by_the_old_tool(python):
    """Through its parts: the command of that version wants the network even for keys."""
    subprocess.run([python, "-c", """
import pathlib, sys
from model_signing import hashing
from model_signing._signing import sign_ec_key, signing
model, key, target = map(pathlib.Path, sys.argv[1:])
payload = signing.Payload(hashing.Config().hash(model))
sign_ec_key.Signer(key).sign(payload).write(target)
""", BUNDLE, FOLDER / "p256.pem", FOLDER / "tool-1.0.sig"], check=True)


def by_openssl():
    """The tool takes no Ed25519, so this one is put together by hand, in the tool's format."""
    digest = hashlib.sha256(BUNDLE.read_bytes())
    payload = json.dumps({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{
            "name": BUNDLE.name,
            "digest": {"sha256": hashlib.sha256(digest.digest()).hexdigest()}}],
        "predicateType": "https://model_signing/signature/v1.0",
        "predicate": {
            "serialization": {"method": "files", "hash_type": "sha256", "allow_symlinks": False},
            "resources": [{
                "name": ".", "algorithm": "sha256", "digest": digest.hexdigest()}]},
    }).encode()
    message = f"DSSEv1 {len(PAYLOAD_TYPE)} {PAYLOAD_TYPE} {len(payload)} ".encode() + payload
    with tempfile.NamedTemporaryFile() as file:
        file.write(message)
        file.flush()
        signature = openssl(
            "pkeyutl", "-sign", "-rawin", "-inkey", FOLDER / "ed25519.pem", "-in", file.name)
    public = (FOLDER / "ed25519.pub.pem").read_bytes()
    (FOLDER / "openssl-ed25519.sig").write_text(json.dumps({
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {"publicKey": {"hint": hashlib.sha256(public).hexdigest()}},
        "dsseEnvelope": {
            "payload": base64.b64encode(payload).decode(), "payloadType": PAYLOAD_TYPE,
            "signatures": [{"sig": base64.b64encode(signature).decode()}]},
    }, indent=2) + "\n")


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    keys()
    by_the_tool()
    by_openssl()
    if "OLD_PYTHON" in os.environ:
        by_the_old_tool(os.environ["OLD_PYTHON"])
