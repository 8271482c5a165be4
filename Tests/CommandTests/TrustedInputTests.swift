import DVLAHostileCorpus
import DVLAJSON
import DVLATestSupport
import Foundation
import Testing

/// Files that a command reads beside weights are not replaced by what it writes, and what a
/// stranger's bundle says does nothing but fail.
struct TrustedInputTests {
  let scratch: ScratchFolder
  static let dinov2 = FixtureFolder.path("checkpoints/dinov2/hf")

  init() throws {
    scratch = try ScratchFolder()
    let result = try depthvla("convert", "--dinov2", Self.dinov2, "-o", scratch("b"))
    #expect(result.status == 0, "\(result.error)")
  }

  private func expectKept(_ name: String, _ arguments: [String]) throws {
    let before = try scratch.bytes(of: name)
    let result = try depthvla(arguments, in: scratch.path)
    #expect(result.status == 73, "\(result.error)")
    #expect(result.errorLines.count == 1)
    #expect(try scratch.bytes(of: name) == before)
  }

  @Test func aKeyWhereTheSignatureWouldGoIsKept() throws {
    try scratch.write(FixtureFolder.bytes("signing/p256.pem"), to: "b.sig")
    try expectKept("b.sig", ["sign", "b", "--key", "b.sig", "--force"])
    try scratch.write(FixtureFolder.bytes("signing/passphrase.txt"), to: "b.sig")
    try expectKept(
      "b.sig",
      [
        "sign", "b", "--key", FixtureFolder.path("signing/p256-encrypted.pem"),
        "--passphrase-file", "b.sig", "--force",
      ])
  }

  @Test func documentsAndKeysAreKept() throws {
    try scratch.write(#"{"schema": 1, "rules": []}"#, to: "r.json")
    try expectKept(
      "r.json",
      ["convert", "--dinov2", Self.dinov2, "--recipe", "r.json", "-o", "r.json", "--force"])
    try scratch.write(#"{"schema": 1, "rules": []}"#, to: "o.sig")
    try expectKept(
      "o.sig",
      [
        "convert", "--dinov2", Self.dinov2, "--recipe", "o.sig", "-o", "o", "--sign",
        FixtureFolder.path("signing/p256.pem"), "--force",
      ])
    #expect(
      try depthvla("sign", scratch("b"), "--key", FixtureFolder.path("signing/p256.pem")).status
        == 0)
    try scratch.write(FixtureFolder.bytes("signing/p256.pub.pem"), to: "k.pem")
    let parity = [
      "parity", "b", "--golden", FixtureFolder.path("goldens/dinov2_28x70.safetensors"),
      "--public-key", "k.pem", "--force", "--report",
    ]
    try expectKept("k.pem", parity + ["k.pem"])
    try expectKept("b.sig", parity + ["b.sig"])
  }

  @Test func whatLiesInAFolderThatIsReplacedIsKept() throws {
    try scratch.makeFolder("out")
    try scratch.write(FixtureFolder.bytes("signing/p256.pub.pem"), to: "out/k.pem")
    try scratch.link("k.pem", to: "out/k.pem")
    #expect(
      try depthvla("sign", scratch("b"), "--key", FixtureFolder.path("signing/p256.pem")).status
        == 0)
    let export = ["export", "b", "--naming", "hf", "-o", "out", "--force"]
    for key in ["out/k.pem", "k.pem"] {
      try expectKept("out/k.pem", export + ["--public-key", key])
    }
    try scratch.makeFolder("photos")
    try scratch.write(FixtureFolder.bytes("images/rgb8.png"), to: "photos/a.png")
    try expectKept(
      "out/k.pem",
      ["run", "b", "--image", "photos", "--raw", "out", "--force", "--public-key", "k.pem"])
    // A manifest of the user's own.
    try scratch.makeFolder("manifests")
    try scratch.write("{}", to: "manifests/m.json")
    try expectKept(
      "manifests/m.json",
      ["export", "b", "--naming", "hf", "-o", "manifests", "--force", "--manifest", "manifests"])
  }

  /// Puts other documents into the bundle, under the right root hash.
  private func rewrite(_ key: String, _ change: (String) -> String) throws {
    var bundle = try OpenedBundle(scratch.bytes(of: "b"))
    let text = bundle.text(key)
    let changed = change(text)
    #expect(changed != text)
    bundle.setMetadata(key, .string(changed))
    try scratch.write(bundle.bytes(), to: "b")
    #expect(try depthvla("verify", scratch("b")).status == 0)
  }

  /// The weights are those of the sources, the model is another.
  @Test func anotherConfigurationIsFoundBesideTheSources() throws {
    try rewrite("configuration") {
      $0.replacing("\"num_attention_heads\":2", with: "\"num_attention_heads\":1")
    }
    let result = try depthvla("verify", scratch("b"), "--against", Self.dinov2)
    #expect(result.status == 1, "\(result.error)")
    #expect(
      result.errorLines == [
        "depthvla: \(scratch("b")): configuration.num_attention_heads is 1 in the bundle, but 2 in "
          + "the sources; give the checkpoints it was made from"
      ])
  }

  @Test(arguments: [".bashrc", "-x.safetensors", "a.py", "model.safetensors.index.json"])
  func namesOfFilesThatAreNoWeightsAreNotCreated(name: String) throws {
    try rewrite("provenance") { $0.replacing("model.safetensors", with: name) }
    let result = try depthvla(
      "export", scratch("b"), "--naming", "source", "-o", scratch("out"))
    #expect(result.status == 0, "\(result.error)")
    #expect(result.output.contains("model.safetensors was called \"\(name)\""))
    let names = try ScratchFolder.names(in: scratch("out"))
    #expect(names.contains("model.safetensors") && !names.contains(name))
  }

  /// A single file may have any name.
  @Test(arguments: ["my weights, version 2.safetensors", "blob"])
  func sourcesOfOtherNamesAreVerifiedAndExported(name: String) throws {
    try scratch.makeFolder("in")
    for file in ["model.safetensors", "config.json"] {
      try scratch.write(
        FixtureFolder.bytes("checkpoints/dinov2/hf/" + file),
        to: "in/" + (file == "config.json" ? file : name))
    }
    let source = scratch("in/" + name)
    #expect(try depthvla("convert", "--dinov2", source, "-o", scratch("c")).status == 0)
    let verified = try depthvla("verify", scratch("c"), "--against", source)
    #expect(verified.status == 0, "\(verified.error)")
    let exported = try depthvla(
      "export", scratch("c"), "--naming", "source", "-o", scratch("out"))
    #expect(exported.status == 0, "\(exported.error)")
    let written = name == "blob" ? "model.safetensors" : name
    #expect(try scratch.bytes(of: "out/" + written) == scratch.bytes(of: "in/" + name))
  }

  @Test func whatStandsForADigestSteersNoTerminal() throws {
    try rewrite("provenance") { text in
      let start = text.firstRange(of: "\"sha256\":\"")!.upperBound
      return text.replacingCharacters(
        in: start..<text.index(start, offsetBy: 8), with: "\\u001b[2J\\n\\r")
    }
    let result = try depthvla("inspect", scratch("b"))
    #expect(result.status == 0)
    #expect(!result.output.contains("\u{1B}") && !result.output.contains("\r"))
  }

  /// Each layer was made before the tensors of any were looked for.
  @Test func moreLayersThanAnyModelHasAreRefused() throws {
    try rewrite("configuration") {
      $0.replacing("\"num_hidden_layers\":4", with: "\"num_hidden_layers\":1073741823")
    }
    let result = try depthvla(
      "parity", scratch("b"), "--golden", FixtureFolder.path("goldens/dinov2_28x70.safetensors"))
    #expect(result.status == 65, "\(result.error)")
    #expect(result.errorLines.count == 1)
    #expect(result.error.contains("1073741823"))
  }
}
