import DVLAHashing
import DVLATestSupport
import Testing

@testable import DVLASigning

struct KeyTests {
  @Test(arguments: [
    ("ed25519", KeyAlgorithm.ed25519), ("p256", .p256), ("p384", .p384), ("p521", .p521),
  ])
  func theFingerprintIsTheHashOfTheFileThatOpenSSLWrites(
    name: String, algorithm: KeyAlgorithm
  ) throws {
    let key = try Fixture.publicKey(name)
    #expect(key.algorithm == algorithm)
    #expect(key.fingerprint == SHA256.hash(try Fixture.bytes(name + ".pub.pem")).hex)
    #expect(try Fixture.privateKey(name).publicKey == key)
  }

  @Test(arguments: ["p256-sec1", "p256-with-parameters"])
  func oneKeyInOtherSpellingsIsOneKey(name: String) throws {
    let key = try Fixture.publicKey("p256")
    #expect(try Fixture.privateKey(name).publicKey == key)
    #expect(try Fixture.publicKey("p256-compressed") == key)
    #expect(try Fixture.publicKey("other-p256") != key)
  }

  @Test(arguments: ["p256-encrypted", "p256-encrypted-sec1"])
  func anEncryptedKeyOpensWithItsPassphraseAlone(name: String) throws {
    let path = Fixture.path(name + ".pem")
    let key = try PrivateKey(path: path, passphraseFile: Fixture.path("passphrase.txt"))
    #expect(try key.publicKey == Fixture.publicKey("p256"))
    expectRefusal("key.encrypted", mentioning: path, "passphrase") { try PrivateKey(path: path) }
    let bytes = try Fixture.bytes(name + ".pem")
    for wrong in ["", "open sesam", "open sesame ", String(repeating: "x", count: 4000)] {
      expectRefusal("key.passphrase") {
        try PrivateKey(pem: bytes, passphrase: Array(wrong.utf8))
      }
    }
    expectRefusal("file.not-found") { try PrivateKey(path: path, passphraseFile: "absent") }
  }

  @Test(arguments: [
    ("rsa", "RSA"), ("ed448", "ED448"), ("secp256k1", "\"secp256k1\""),
  ])
  func otherKindsOfKeysAreRefusedByName(name: String, words: String) {
    expectRefusal("key.unsupported", mentioning: "expected a key of Ed25519", words) {
      try Fixture.publicKey(name)
    }
    expectRefusal("key.unsupported", mentioning: words) { try Fixture.privateKey(name) }
  }

  /// Numbers can describe a curve that is weak and looks like P-256.
  @Test func aCurveGivenByItsNumbersIsRefused() {
    expectRefusal("key.unsupported", mentioning: "by its parameters") {
      try Fixture.publicKey("explicit")
    }
  }

  @Test func aPrivateKeyWithThePublicHalfOfAnotherIsRefused() {
    expectRefusal("key.form", mentioning: "stored public key does not match") {
      try Fixture.privateKey("mismatched")
    }
  }

  @Test func theWrongHalfIsCalledSo() throws {
    expectRefusal("key.form", mentioning: "openssl pkey", "PRIVATE KEY") {
      try PublicKey(path: Fixture.path("p256.pem"))
    }
    expectRefusal("key.form", mentioning: "expected one private key", "\"PUBLIC KEY\"") {
      try PrivateKey(path: Fixture.path("p256.pub.pem"))
    }
  }

  @Test func oneKeyIsExpectedAndNothingElse() throws {
    let key = try Fixture.bytes("p256.pub.pem")
    let other = try Fixture.bytes("other-p256.pub.pem")
    for bytes in [
      [], Array("nonsense".utf8), key + other, Array(key.dropLast(30)), Array(key.dropFirst(20)),
      Array("ssh-ed25519 AAAA\n".utf8),
      Array("-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n".utf8),
      Array("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".utf8),
    ] {
      expectRefusal("key.form") { try PublicKey(pem: bytes) }
      expectRefusal("key.form") { try PrivateKey(pem: bytes) }
    }
    let secret = try Fixture.bytes("p256.pem")
    expectRefusal("key.form", mentioning: "\"PRIVATE KEY\", \"PRIVATE KEY\"") {
      try PrivateKey(pem: secret + secret)
    }
    expectRefusal("file.too-large") {
      let scratch = try ScratchFolder()
      return try PublicKey(
        path: scratch.write([UInt8](repeating: 0x20, count: 1 << 17), to: "key"))
    }
  }

  /// A damaged key is refused, or it is the same key in another spelling, or one with another
  /// fingerprint that verifies nothing of this one's.
  @Test func aDamagedKeyNeverPassesForAnother() throws {
    let bytes = try Fixture.bytes("p256.pub.pem")
    let key = try Fixture.publicKey("p256")
    let text = String(decoding: try Fixture.bytes("tool-p256.sig"), as: UTF8.self)
    let signature = try SignatureFile(
      Array(text.replacing("\"hint\":\"\(key.fingerprint)\"", with: "").utf8))
    var readable = 0
    for position in bytes.indices {
      for bit in 0..<8 {
        var damaged = bytes
        damaged[position] ^= 1 << bit
        guard let other = try? PublicKey(pem: damaged) else { continue }
        readable += 1
        let verifies = (try? signature.verify(trusting: [other])) != nil
        #expect(verifies == (other == key), "bit \(bit) of byte \(position)")
      }
    }
    // Most damage moves the point off the curve.
    #expect(readable < bytes.count)
  }
}
