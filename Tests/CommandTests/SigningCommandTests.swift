import DVLAJSON
import DVLATestSupport
import Foundation
import Testing

/// Signed bundles on the command line.
struct SigningCommandTests {
  static let dinov2 = FixtureFolder.path("checkpoints/dinov2/hf")
  static let hasTool =
    OtherProgramsTests.python.flatMap { try? program([$0, "-c", "import model_signing"]) }?.status
    == 0
  let scratch: ScratchFolder
  init() throws { scratch = try ScratchFolder() }

  /// The independent bundle holds bits of all kinds.
  static let anyBits = "--allow-non-finite"

  static func key(_ name: String) -> String { FixtureFolder.path("signing/\(name).pem") }
  static let fingerprint = "2e23bec34a4e4dc83bdc95ed08d04b7ffa96f05f0e25d7f3e5e57eebf72d588c"

  /// Converts and signs with P-256, as release 7.
  func signedBundle(_ name: String = "b") throws -> String {
    let result = try depthvla(
      "convert", "--dinov2", Self.dinov2, "-o", scratch(name), "--sign", Self.key("p256"),
      "--release", "7")
    #expect(result.status == 0, "\(result.error)")
    #expect(
      result.output.contains(
        "b.sig: signed with the ECDSA P-256 key \(Self.fingerprint), as release 7"),
      "\(result.output)")
    return scratch(name)
  }

  func expect(
    _ status: Int32, _ code: String, from arguments: [String],
    location: SourceLocation = #_sourceLocation
  ) throws {
    let words = try depthvla(arguments)
    #expect(words.status == status, "\(words.error)", sourceLocation: location)
    #expect(words.errorLines.count == 1, "\(words.error)", sourceLocation: location)
    #expect(words.output == "", sourceLocation: location)
    let error = try depthvla(arguments + ["--json"]).json?["error"]?.object
    #expect(error?["code"]?.string == code, "\(words.error)", sourceLocation: location)
    #expect(error?["status"]?.integer == Int(status), sourceLocation: location)
  }

  @Test func aSignedBundleIsVerifiedAndSaysByWhom() throws {
    let bundle = try signedBundle()
    let arguments = ["verify", bundle, "--public-key", Self.key("p256.pub")]
    let words = try depthvla(arguments + ["--minimum-release", "7"])
    #expect(words.status == 0, "\(words.error)")
    #expect(words.output.contains("signed with the ECDSA P-256 key \(Self.fingerprint)"))
    let document = try depthvla(arguments + ["--json"]).json
    let signature = document?["signature"]?.object
    #expect(signature?["path"]?.string == bundle + ".sig")
    #expect(signature?["key"]?.string == Self.fingerprint)
    #expect(signature?["algorithm"]?.string == "ECDSA P-256")
    #expect(signature?["release"]?.integer == 7)
    #expect(signature?["root"] == document?["root"])
    #expect(
      signature?["sha256"]?.string
        == OtherProgramsTests.sha256(try scratch.bytes(of: "b")))
    // Of two trusted keys one suffices, so that a key can be replaced.
    let both = try depthvla(arguments + ["--public-key", Self.key("ed25519.pub")])
    #expect(both.status == 0)
    // Without a key nothing is asked of the signature.
    #expect(try depthvla("verify", bundle, "--json").json?["signature"] == .null)
  }

  @Test func everyReasonNotToTrustIsACheckThatFailed() throws {
    let bundle = try signedBundle()
    let verify = ["verify", bundle, "--public-key"]
    let right = verify + [Self.key("p256.pub")]
    try expect(1, "signature.key", from: verify + [Self.key("ed25519.pub")])
    try expect(1, "signature.release", from: right + ["--minimum-release", "8"])
    let tool = FixtureFolder.path("signing/tool-p256.sig")
    try expect(1, "signature.other-bundle", from: right + ["--signature", tool])
    try expect(66, "file.not-found", from: right + ["--signature", scratch("absent")])
    try FileManager.default.removeItem(atPath: bundle + ".sig")
    try expect(1, "signature.missing", from: right)
    try scratch.write("{}", to: "b.sig")
    try expect(65, "json.missing-key", from: right)
  }

  @Test func damageOfASignedBundleIsReportedAsDamage() throws {
    let bundle = try signedBundle()
    var bytes = try scratch.bytes(of: "b")
    bytes[bytes.count - 1000] ^= 4
    try scratch.write(bytes, to: "b")
    let arguments = ["verify", bundle, "--public-key", Self.key("p256.pub")]
    let result = try depthvla(arguments)
    #expect(result.status == 65)
    #expect(result.output.contains("DAMAGED in 1 place"))
    // A signature by the tool knows no root, so the damage is found first as well.
    let path = try scratch.write(
      FixtureFolder.bytes("bundles/independent.dvla.safetensors"), to: "c")
    bytes = try scratch.bytes(of: "c")
    bytes[bytes.count - 3000] ^= 4
    try scratch.write(bytes, to: "c")
    let tool = FixtureFolder.path("signing/tool-p256.sig")
    let damaged = try depthvla(
      "verify", path, "--public-key", Self.key("p256.pub"), "--signature", tool)
    #expect(damaged.status == 65)
    #expect(damaged.output.contains("DAMAGED"), "\(damaged.error)")
  }

  @Test(arguments: ["tool-p256", "tool-folder", "tool-1.0", "openssl-ed25519"])
  func signaturesOfOtherProgramsAreVerified(name: String) throws {
    try scratch.write(
      FixtureFolder.bytes("bundles/independent.dvla.safetensors"),
      to: "independent.dvla.safetensors")
    let key = name.hasPrefix("tool") ? "p256.pub" : "ed25519.pub"
    let result = try depthvla(
      "verify", scratch("independent.dvla.safetensors"), "--public-key", Self.key(key),
      "--signature", FixtureFolder.path("signing/\(name).sig"), Self.anyBits)
    #expect(result.status == 0, "\(result.error)")
  }

  @Test(arguments: ["p256", "p384", "p521", "ed25519"])
  func aBundleIsSignedAfterwards(name: String) throws {
    let path = try scratch.write(
      FixtureFolder.bytes("bundles/independent.dvla.safetensors"), to: "b")
    let signed = try depthvla("sign", path, "--key", Self.key(name), Self.anyBits, "--json")
    #expect(signed.status == 0, "\(signed.error)")
    #expect(signed.json?["bundle"]?.string == path)
    #expect(signed.json?["path"]?.string == path + ".sig")
    #expect(signed.json?["release"] == .null)
    let verified = try depthvla(
      "verify", path, "--public-key", Self.key(name + ".pub"), Self.anyBits)
    #expect(verified.status == 0, "\(verified.error)")
    try expect(73, "file.exists", from: ["sign", path, "--key", Self.key(name)])
    let again = try depthvla(
      "sign", path, "--key", Self.key(name), Self.anyBits, "--force", "--release", "2")
    #expect(again.status == 0)
    #expect(again.output.contains("as release 2"))
  }

  /// At no moment is there a bundle that lacks its signature.
  @Test func theSignatureAppearsBeforeTheBundle() throws {
    let process = Command.process([
      "convert", "--dinov2", Self.dinov2, "-o", scratch("b"), "--sign", Self.key("p256"), "--json",
    ])
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    var (isThere, isUnsigned) = (false, false)
    var isRunning = true
    while !isThere, isRunning {
      // Asked first: what a run leaves is there when it has ended.
      isRunning = process.isRunning
      isThere = unsafe access(scratch("b"), F_OK) == 0
      isUnsigned = unsafe isThere && access(scratch("b.sig"), F_OK) != 0
    }
    let text = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    #expect(isThere)
    #expect(!isUnsigned)
    #expect(process.terminationStatus == 0)
    let document = try StrictJSON.parse([UInt8](text)).object
    let signature = document?["bundle"]?.object?["signature"]?.object
    #expect(signature?["path"]?.string == scratch("b.sig"))
    #expect(signature?["root"] == document?["bundle"]?.object?["root"])
    #expect(try scratch.entries == ["b", "b.sig"])
  }

  @Test func keysThatDoNotFitAreRefusedBeforeAnyWork() throws {
    let convert = ["convert", "--dinov2", Self.dinov2, "-o", scratch("b"), "--sign"]
    try expect(65, "key.unsupported", from: convert + [Self.key("rsa")])
    try expect(65, "key.form", from: convert + [Self.key("p256.pub")])
    try expect(65, "key.form", from: convert + [Self.key("mismatched")])
    try expect(66, "file.not-found", from: convert + [scratch("absent")])
    try expect(64, "key.encrypted", from: convert + [Self.key("p256-encrypted")])
    let passphrase = ["--passphrase-file", FixtureFolder.path("signing/passphrase.txt")]
    try expect(
      65, "key.passphrase",
      from: convert + [Self.key("p256-encrypted"), "--passphrase-file", Self.key("p256")])
    #expect(try scratch.entries == [])
    let opened = try depthvla(convert + [Self.key("p256-encrypted")] + passphrase)
    #expect(opened.status == 0, "\(opened.error)")
  }

  @Test func theKeyIsNeverReplaced() throws {
    let key = try scratch.write(FixtureFolder.bytes("signing/p256.pem"), to: "b.sig")
    let before = try scratch.bytes(of: "b.sig")
    for target in ["b.sig", "b"] {
      let arguments = [
        "convert", "--dinov2", Self.dinov2, "-o", scratch(target), "--sign", key, "--force",
      ]
      try expect(73, "output.is-input", from: arguments)
    }
    let bundle = try scratch.write(
      FixtureFolder.bytes("bundles/independent.dvla.safetensors"), to: "c")
    try expect(
      73, "output.is-input",
      from: ["sign", bundle, "--key", key, "--signature", key, "--force"])
    #expect(try scratch.bytes(of: "b.sig") == before)
    #expect(try scratch.entries == ["b.sig", "c"])
  }

  @Test(arguments: [
    (["convert", "--dinov2", "x", "-o", "b", "--release", "1"], "go with --sign"),
    (["sign", "b", "--key", "k", "--release", "0"], "--release 0"),
    (["verify", "b", "--signature", "s"], "go with --public-key"),
    (["run", "b", "--image", "i", "--minimum-release", "1"], "go with --public-key"),
    (["verify", "b", "--public-key", "k", "--minimum-release", "0"], "--minimum-release 0"),
    (["sign", "b"], "--key"),
  ])
  func wrongUsageIs64(arguments: [String], words: String) throws {
    let result = try depthvla(arguments)
    #expect(result.status == 64)
    #expect(result.error.contains(words), "\(result.error)")
  }

  /// The policy of a robot: what is not signed does not run, and leaves nothing behind.
  @Test func runTakesOnlyWhatIsSigned() throws {
    let picture = FixtureFolder.path("images/rgb8.png")
    let source = FixtureFolder.path("checkpoints/depth-anything-v2/hf")
    let bundle = scratch("depth")
    #expect(try depthvla("convert", "--depth-anything", source, "-o", bundle).status == 0)
    let run = ["run", bundle, "--image", picture, "-o", scratch("seen.png"), "--force"]
    let trusting = run + ["--public-key", Self.key("ed25519.pub"), "--minimum-release", "2"]
    #expect(try depthvla(run).status == 0)
    let seen = try scratch.bytes(of: "seen.png")
    try FileManager.default.removeItem(atPath: scratch("seen.png"))
    try expect(1, "signature.missing", from: trusting)
    let sign = ["sign", bundle, "--key", Self.key("ed25519"), "--force"]
    #expect(try depthvla(sign + ["--release", "1"]).status == 0)
    try expect(1, "signature.release", from: trusting)
    #expect(try scratch.entries == ["depth", "depth.sig"])
    #expect(try depthvla(sign + ["--release", "2"]).status == 0)
    #expect(try depthvla(trusting).status == 0)
    #expect(try scratch.bytes(of: "seen.png") == seen)
  }

  @Test func exportTakesOnlyWhatIsSigned() throws {
    let bundle = try signedBundle()
    let export = ["export", bundle, "--naming", "hub", "-o", scratch("out"), "--public-key"]
    try expect(1, "signature.key", from: export + [Self.key("p384.pub")])
    #expect(try scratch.entries == ["b", "b.sig"])
    #expect(try depthvla(export + [Self.key("p256.pub"), "--minimum-release", "7"]).status == 0)
    #expect(try scratch.entries == ["b", "b.sig", "out"])
  }

  @Test func parityTakesOnlyWhatIsSigned() throws {
    let golden = FixtureFolder.path("goldens/dinov2_28x70.safetensors")
    let bundle = try signedBundle()
    let parity = ["parity", bundle, "--golden", golden, "--public-key"]
    #expect(try depthvla(parity + [Self.key("p256.pub")]).status == 0)
    try expect(1, "signature.key", from: parity + [Self.key("p384.pub")])
    try expect(
      1, "parity.trust",
      from: ["parity", Self.dinov2, "--golden", golden, "--public-key", Self.key("p256.pub")])
  }

  /// Both ways with the OpenSSF tool.
  @Test(
    .enabled(if: hasTool, "DEPTHVLA_PYTHON has no model_signing"),
    arguments: ["p256", "p384", "p521"])
  func theOpenSSFToolVerifiesOursAndWeVerifyTheTools(name: String) throws {
    let tool = [OtherProgramsTests.python ?? "", "-m", "model_signing"]
    let path = try scratch.write(
      FixtureFolder.bytes("bundles/independent.dvla.safetensors"), to: "b")
    let key = ["--public_key", Self.key(name + ".pub")]
    let signed = try depthvla(
      "sign", path, "--key", Self.key(name), "--release", "9", Self.anyBits)
    #expect(signed.status == 0)
    let verify = tool + ["verify", "key", path, "--signature"]
    let accepted = try program(verify + [path + ".sig"] + key)
    #expect(accepted.status == 0, "\(accepted.output)\(accepted.error)")
    let theirs = try program(
      tool + [
        "sign", "key", path, "--private_key", Self.key(name), "--signature", scratch("theirs"),
      ])
    #expect(theirs.status == 0, "\(theirs.output)\(theirs.error)")
    let verified = try depthvla(
      "verify", path, "--public-key", Self.key(name + ".pub"), "--signature", scratch("theirs"),
      Self.anyBits)
    #expect(verified.status == 0, "\(verified.error)")
    // It sees what we see.
    var bytes = try scratch.bytes(of: "b")
    bytes[bytes.count - 3000] ^= 1
    try scratch.write(bytes, to: "b")
    #expect(try program(verify + [path + ".sig"] + key).status != 0)
  }
}
