import DVLADiagnostics
import DVLAHashing
import DVLATestSupport
import Foundation
import Testing

@testable import DVLASigning

/// No bit of a signature file is free, and no part of one passes for the whole.
struct SignatureDamageTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    let key: String
    let bytes: [UInt8]
    var testDescription: String { name }
  }

  static let cases: [Case] = {
    func ours(_ key: String) -> Case? {
      guard let privateKey = try? Fixture.privateKey(key),
        let file = try? SignatureFile(SignatureFileTests.statement, by: privateKey)
      else { return nil }
      return Case(name: "ours, " + key, key: key, bytes: file.bytes)
    }
    func theirs(_ name: String, _ key: String) -> Case? {
      (try? Fixture.bytes(name + ".sig")).map { Case(name: name, key: key, bytes: $0) }
    }
    return [
      ours("ed25519"), theirs("tool-p256", "p256"),
      theirs("openssl-ed25519", "ed25519"),
    ].compactMap(\.self)
  }()

  static func isTrusted(_ bytes: [UInt8], _ key: PublicKey) -> Bool {
    (try? SignatureFile(bytes).verify(trusting: [key])) != nil
  }

  @Test func thereAreCases() { #expect(Self.cases.count == 3) }

  @Test(arguments: cases) func everyBitFlipIsFound(_ test: Case) throws {
    let key = try Fixture.publicKey(test.key)
    #expect(Self.isTrusted(test.bytes, key))
    var bytes = test.bytes
    for position in bytes.indices {
      for bit in 0..<8 {
        bytes[position] ^= 1 << bit
        #expect(!Self.isTrusted(bytes, key), "bit \(bit) of byte \(position)")
        bytes[position] ^= 1 << bit
      }
    }
  }

  @Test(arguments: cases) func everyTruncationIsFound(_ test: Case) throws {
    let key = try Fixture.publicKey(test.key)
    // White space at the end is all that may go.
    let end = try #require(test.bytes.lastIndex(of: UInt8(ascii: "}")))
    for count in 0...end {
      #expect(!Self.isTrusted(Array(test.bytes.prefix(count)), key), "cut to \(count)")
    }
  }

  /// White space between the members is JSON's to choose: it changes nothing that is signed.
  @Test func whiteSpaceBetweenMembersIsFree() throws {
    let text = String(decoding: Self.cases[0].bytes, as: UTF8.self)
    let spaced = text.replacing("\":", with: "\" :\t").replacing(",\"", with: ",\r\n \"")
    #expect(Self.isTrusted(Array(spaced.utf8), try Fixture.publicKey("ed25519")))
  }

  /// One statement's signature under another's payload.
  @Test func aSignatureOfAnotherPayloadIsFound() throws {
    let key = try Fixture.privateKey("p256")
    let other = SignedStatement(
      fileName: "robot.dvla.safetensors", fileHash: SignatureFileTests.statement.fileHash,
      root: SHA256.hash(Array("root".utf8)), release: 8)
    let parts = try [SignatureFileTests.statement, other].map {
      String(decoding: try SignatureFile($0, by: key).bytes, as: UTF8.self)
        .components(separatedBy: "\"payloadType\"")
    }
    let mixed = Array((parts[1][0] + "\"payloadType\"" + parts[0][1]).utf8)
    let expected = WeightsError(.signatureInvalid, "")
    #expect(throws: expected) {
      try SignatureFile(mixed).verify(trusting: [key.publicKey])
    }
  }

  /// Bytes that no signature can have: the wrong length, nothing, a DER of zeros.
  @Test(arguments: ["AA==", "MAYCAQACAQA=", "MAYCAQECAQE="])
  func signaturesOfTheWrongShapeAreFound(signature: String) throws {
    for test in Self.cases {
      let text = String(decoding: test.bytes, as: UTF8.self)
      let changed = text.replacing(/"sig": ?"[^"]*"/, with: "\"sig\":\"\(signature)\"")
      #expect(changed != text)
      expectRefusal("signature.invalid") {
        try SignatureFile(Array(changed.utf8)).verify(trusting: [Fixture.publicKey(test.key)])
      }
    }
  }
}
