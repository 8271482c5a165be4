import DVLADiagnostics
import DVLASigning
import DVLATestSupport
import Foundation
import Testing

/// Keys and signatures of `Fixtures/signing`, made by openssl and the OpenSSF tool.
enum Fixture {
  static func path(_ name: String) -> String { FixtureFolder.path("signing/" + name) }
  static func bytes(_ name: String) throws -> [UInt8] { try FixtureFolder.bytes("signing/" + name) }
  static func privateKey(_ name: String) throws -> PrivateKey {
    try PrivateKey(path: path(name + ".pem"))
  }
  static func publicKey(_ name: String) throws -> PublicKey {
    try PublicKey(path: path(name + ".pub.pem"))
  }

  /// What the signatures are of.
  static let bundle = "bundles/independent.dvla.safetensors"
}

/// Expects an error of the code, on one line.
func expectRefusal<Result>(
  _ code: String, mentioning words: String..., location: SourceLocation = #_sourceLocation,
  _ body: () throws -> Result
) {
  let error = #expect(throws: WeightsError.self, sourceLocation: location) { try body() }
  guard let error else { return }
  #expect(error.code.rawValue == code, "\(error)", sourceLocation: location)
  #expect(!error.description.contains("\n"), sourceLocation: location)
  for word in words {
    #expect(error.description.contains(word), "\(error)", sourceLocation: location)
  }
}

/// The command of OpenSSL, which shares libcrypto with us but none of our code.
func openssl(_ arguments: String...) -> Int32? {
  let process = Process()
  process.executableURL = URL(filePath: "/usr/bin/env")
  process.arguments = ["openssl"] + arguments
  process.standardOutput = FileHandle.nullDevice
  process.standardError = FileHandle.nullDevice
  process.standardInput = FileHandle.nullDevice
  guard (try? process.run()) != nil else { return nil }
  process.waitUntilExit()
  return process.terminationStatus
}
