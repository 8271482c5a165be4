import DVLAJSON
import DVLATestSupport
import Foundation
import Testing

/// Every refusal: its exit status, one line on stderr, and nothing left behind.
struct ExitStatusTests {
  let scratch: ScratchFolder
  static let dinov2 = FixtureFolder.path("checkpoints/dinov2/hf")
  init() throws { scratch = try ScratchFolder() }

  /// Runs the command, checks the status, the line and that the folder is as before.
  func expect(
    _ status: Int32, _ words: String..., from arguments: [String],
    location: SourceLocation = #_sourceLocation
  ) throws {
    let before = try scratch.entries
    let result = try depthvla(arguments, in: scratch.path)
    #expect(result.status == status, "\(result.error)", sourceLocation: location)
    let line = try #require(result.errorLines.first, sourceLocation: location)
    for word in words {
      #expect(line.contains(word), "\(result.error)", sourceLocation: location)
    }
    #expect(result.output == "", sourceLocation: location)
    #expect(try scratch.entries == before, sourceLocation: location)
    // The same refusal as a document, alone on stdout.
    let json = try depthvla(arguments + ["--json"], in: scratch.path)
    #expect(json.status == status, sourceLocation: location)
    let error = json.json?["error"]?.object
    #expect(error?["status"]?.integer == Int(status), "\(json.output)", sourceLocation: location)
    #expect(error?["message"]?.string?.isEmpty == false, sourceLocation: location)
    #expect(try scratch.entries == before, sourceLocation: location)
  }

  @Test(arguments: [
    (["convert"], "expected at least one source"),
    (["convert", "--dinov2", "x"], "give -o FILE or --dry-run"),
    (["convert", "--dinov2", "x", "-o", "b", "--precision", "int4"], "'int4'"),
    (["convert", "--dinov2", "x", "-o", "b", "--threads", "0"], "--threads 0"),
    (["convert", "--dinov2", "x", "-o", "b", "--store", "--smallest"], "exclude each other"),
    (["convert", "--dinov2", "x", "-o", "b", "--init-missing", "x"], "'x'"),
    (["convert", "--dinov2", dinov2, "-o", "b", "--take", "vlm"], "COMPONENT=FAMILY"),
    (
      ["convert", "--dinov2", dinov2, "-o", "b", "--take", "vlm=pi0"],
      "dinov2 has no component \"vlm\"; expected one of dinov2"
    ),
    (
      ["convert", "--dinov2", dinov2, "-o", "b", "--take", "dinov2=pi0"],
      "no source is of family pi0"
    ),
    (
      ["convert", "--dinov2", dinov2, "-o", "b", "--take", "vlm=pi0", "--take", "vlm=depthvla"],
      "--take gives component \"vlm\" twice"
    ),
    (
      [
        "convert", "--dinov2", dinov2, "-o", "b", "--depth-encoder", "dinov2", "--take",
        "dinov2=pi0",
      ], "--depth-encoder already chooses the source of \"dinov2\""
    ),
    (
      ["convert", "--paligemma", "x", "--dinov2", dinov2, "-o", "b", "--prefix", "ema."],
      "name the source: --prefix paligemma=… or --prefix dinov2=…"
    ),
    (["convert", "--dinov2", dinov2, "-o", "b", "--set", "x"], "KEY=VALUE"),
    (["convert", "--dinov2", dinov2, "-o", "b", "--as", "llama"], "\"llama\" is not known"),
    (
      ["convert", "--dinov2", dinov2, "-o", "b", "--as", "pi0"],
      "holds nothing that a pi0 bundle needs"
    ),
    (
      ["diff", dinov2, FixtureFolder.path("checkpoints/paligemma/hf-hub")],
      "paligemma/hf-hub (paligemma): they are different models"
    ),
    (["frobnicate"], "frobnicate"),
    (["convert", "--dino", dinov2, "-o", "b"], "--dino"),
    (["convert", "--dinov2", dinov2, "--dinov2", dinov2, "-o", "b"], "--dinov2 is given 2 times"),
  ])
  func usageIs64(arguments: [String], words: String) throws {
    try expect(64, words, from: arguments)
    #expect(try depthvla(arguments, in: scratch.path).errorLines.count == 1)
  }

  @Test func whatTheParserDoesNotUnderstandIsOneLineThatPointsToTheHelp() throws {
    #expect(
      try depthvla("verify").errorLines == [
        "depthvla: missing expected argument '<bundle>'; see depthvla verify --help"
      ])
    #expect(
      try depthvla("frobnicate", "--threads", "2").errorLines == [
        "depthvla: no command \"frobnicate\"; expected one of inspect, convert, verify, sign, "
          + "export, diff, parity, gate, run, serve; see depthvla --help"
      ])
    #expect(
      try depthvla("convert", Self.dinov2, "-o", scratch("b")).errorLines == [
        "depthvla: unexpected argument '\(Self.dinov2)'; a source goes behind its option, such as "
          + "--paligemma; see depthvla convert --help"
      ])
    #expect(try depthvla("convert", "--help").status == 0)
    #expect(try depthvla("--version").errorLines == [])
  }

  /// Arguments that cannot be parsed may still ask for JSON; `--json` as a value does not.
  @Test func aCommandLineThatIsNotUnderstoodIsADocumentWhereOneIsAskedFor() throws {
    for arguments in [
      ["verify", "--json"], ["--json", "frobnicate"], ["inspect", "--jsn", "--json"],
    ] {
      let result = try depthvla(arguments)
      #expect(result.status == 64)
      #expect(result.json?["error"]?.object?["code"]?.string == "command.usage", "\(arguments)")
    }
    for arguments in [["inspect", "--jsn"], ["inspect", "a", "--", "--json"]] {
      let result = try depthvla(arguments)
      #expect(result.status == 64)
      #expect(result.output == "", "\(arguments)")
    }
  }

  @Test func openQuestionsAre64WithTheOptionsToAnswerThem() throws {
    let path = FixtureFolder.path("checkpoints/depth-anything-v2/original")
    try expect(
      64, "--set backbone.num_attention_heads=", "--set out_indices=",
      "--set depth_estimation_type=",
      from: ["convert", "--depth-anything", path, "-o", "b"])
  }

  @Test(arguments: [
    ["convert", "--dinov2", "absent", "-o", "b"], ["inspect", "absent"], ["verify", "absent"],
    ["export", "absent", "--naming", "hub", "-o", "out"], ["diff", dinov2, "absent"],
    ["convert", "--dinov2", dinov2, "-o", "b", "--recipe", "absent"],
    ["convert", "--dinov2", dinov2, "-o", "b", "--manifest", "absent"],
  ])
  func inputThatIsNotThereIs66(arguments: [String]) throws {
    try expect(66, "absent: ", from: arguments)
  }

  @Test func aCheckpointOfAnotherFamilyIs65() throws {
    try expect(
      65, "is a dinov2 checkpoint (hub naming), not paligemma; give it with --dinov2",
      from: ["convert", "--paligemma", Self.dinov2, "-o", "b"])
  }

  @Test(arguments: [
    ("paligemma2", "--paligemma", "this is PaliGemma 2"), ("pi05", "--pi0", "this is pi0.5"),
    ("dinov3", "--dinov2", "this is DINOv3"),
    ("depth-anything-v1", "--depth-anything", "Depth Anything V1"),
  ])
  func lookAlikesAre65ByName(folder: String, option: String, words: String) throws {
    let path = FixtureFolder.path("checkpoints/look-alikes/" + folder)
    try expect(65, path, words, from: ["convert", option, path, "-o", "b"])
  }

  @Test(arguments: [
    ("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n", "Git LFS"),
    ("<!DOCTYPE html><html><body>Not Found</body></html>", "HTML"),
    ("PK\u{3}\u{4}                    ", "zip"), ("GGUF\u{3}\u{0}\u{0}\u{0}        ", "GGUF"),
    ("", "bytes"), ("short", "bytes"),
  ])
  func filesThatAreSomethingElseAre65(content: String, words: String) throws {
    try scratch.write(content, to: "model.safetensors")
    for arguments in [
      ["convert", "--dinov2", "model.safetensors", "-o", "b"], ["inspect", "model.safetensors"],
      ["verify", "model.safetensors"], ["diff", "model.safetensors", Self.dinov2],
      ["export", "model.safetensors", "--naming", "hub", "-o", "out"],
    ] {
      try expect(65, "model.safetensors: ", words, from: arguments)
    }
  }

  @Test func aCheckpointIsNoBundleAndABundleNoCheckpoint() throws {
    try expect(
      65, "expected a bundle", from: ["verify", Self.dinov2 + "/model.safetensors"])
    #expect(try depthvla("convert", "--dinov2", Self.dinov2, "-o", scratch("b")).status == 0)
    try expect(
      65, "is a bundle already, expected a checkpoint",
      from: ["convert", "--dinov2", "b", "-o", "c"])
  }

  @Test func aRecipeIsReadStrictly() throws {
    for (text, words) in [
      ("{\"schema\":1,\"rules\":[{\"match\":\"**\",\"precision\":\"int3\"}]}", "int3"),
      ("{\"schema\":1,\"rules\":[],\"rules\":[]}", "rules"),
      ("{\"schema\":1,\"rules\":[{\"match\":\"a**b\",\"precision\":\"f32\"}]}", "a**b"),
      ("[]", "recipe.json"),
    ] {
      try scratch.write(text, to: "recipe.json")
      try expect(
        65, "recipe.json: ", words,
        from: ["convert", "--dinov2", Self.dinov2, "-o", "b", "--recipe", "recipe.json"])
    }
  }

  @Test func inspectNamesTheProblemOnStderrToo() throws {
    let path = FixtureFolder.path("checkpoints/look-alikes/pi05")
    let result = try depthvla("inspect", path)
    #expect(result.status == 65)
    #expect(result.errorLines.count == 1)
    #expect(result.error.contains("this is pi0.5"))
    #expect(result.output.contains("56 tensors"))
  }

  /// What it can say of tensors of no known model it says, and the status is that of a refusal.
  @Test func inspectOfWhatIsNotRecognisedIs65() throws {
    var checkpoint = PlainCheckpoint()
    checkpoint.tensors = ["a.b": PlainTensor("F32", [1], [0, 0, 0, 0])]
    let path = try checkpoint.write(to: scratch, as: "in")
    let result = try depthvla("inspect", path)
    #expect(result.status == 65)
    #expect(result.output.contains("1 tensors, 1 parameters"), "\(result.output)")
    #expect(result.error.contains("no manifest knows these tensor names (\"a.b\")"))
    let json = try depthvla("inspect", path, "--json")
    #expect(json.status == 65)
    #expect(json.json?["family"] == .null)
    #expect(json.json?["tensors"]?.array?.count == 1)
    #expect(json.json?["problem"]?.object?["code"]?.string == "remap.unrecognised")
  }

  /// Of two copies of a model it asks which is meant, and takes the answer.
  @Test func aCopyIsChosenByPrefix() throws {
    let plain = try PlainCheckpoint(fixture: "dinov2/hf")
    var both = PlainCheckpoint()
    for (name, tensor) in plain.tensors {
      both.tensors["module." + name] = tensor
      both.tensors["ema." + name] = tensor
    }
    both.config = plain.config
    let path = try both.write(to: scratch, as: "in")
    try expect(64, "--prefix", from: ["convert", "--dinov2", path, "-o", "b"])
    let asked = try depthvla("inspect", path)
    #expect(asked.status == 64)
    #expect(asked.output.contains("choose one with --prefix ema. or --prefix module."))
    #expect(asked.output.contains(#""ema.": 79 tensors, dinov2 in hub naming: the moving"#))
    for prefix in ["ema", "ema.", "dinov2=module."] {
      let result = try depthvla(
        "convert", "--dinov2", path, "--prefix", prefix, "-o", scratch("b"), "--force")
      #expect(result.status == 0, "\(result.error)")
      #expect(result.output.contains("79 tensors left out: does not stand behind"))
      #expect(try depthvla("verify", scratch("b"), "--against", path).status == 0)
    }
    for (prefix, words) in [
      ("other.", "no tensor name starts with the chosen prefix"),
      ("pi0=ema.", "no pi0 source is given"),
    ] {
      let arguments = ["convert", "--dinov2", path, "--prefix", prefix, "-o", scratch("c")]
      let result = try depthvla(arguments)
      #expect(result.status == 64)
      #expect(result.error.contains(words), "\(result.error)")
    }
  }

  @Test func aFullStandardOutputIsSaidInWords() throws {
    let result = try program(
      ["sh", "-c", "\"$0\" inspect \"$1\" > /dev/full", Command.path, Self.dinov2])
    #expect(result.status == 74)
    #expect(
      result.errorLines == [
        "depthvla: cannot write to standard output: no space left on the device"
      ])
  }

  /// The naming has rules for any name under its prefixes.
  @Test func misspeltNamesAreTheProblemAndNotTheSizes() throws {
    var checkpoint = try PlainCheckpoint(fixture: "dinov2/hf")
    checkpoint.config = nil
    for name in Array(checkpoint.tensors.keys) {
      checkpoint.tensors[name + "x"] = checkpoint.tensors.removeValue(forKey: name)
    }
    let spoilt = try checkpoint.write(to: scratch, as: "spoilt")
    let result = try depthvla("inspect", spoilt)
    #expect(result.status == 65)
    #expect(result.error.contains("the tensors do not match dinov2: "), "\(result.error)")
    #expect(!result.error.contains("--set"), "\(result.error)")
  }

  /// Drawing tensors is no answer to names that nothing explains.
  @Test func drawingIsNotProposedBesideUnexpectedTensors() throws {
    var checkpoint = try PlainCheckpoint(fixture: "dinov2/hf")
    checkpoint.tensors["layernorm.gamma"] = checkpoint.tensors.removeValue(
      forKey: "layernorm.weight")
    let spoilt = try checkpoint.write(to: scratch, as: "spoilt")
    let result = try depthvla("convert", "--dinov2", spoilt, "-o", scratch("b"))
    #expect(result.status == 65)
    #expect(!result.error.contains("--init-missing"), "\(result.error)")
    checkpoint.tensors["layernorm.gamma"] = nil
    let incomplete = try checkpoint.write(to: scratch, as: "incomplete")
    let other = try depthvla("convert", "--dinov2", incomplete, "-o", scratch("b"))
    #expect(other.error.contains("--init-missing"), "\(other.error)")
  }

  /// What helps is said of errors from deep inside of a file beside the weights too, in the options
  /// of the command that ran.
  @Test func aRemedyReachesTheUserFromAFileBesideTheWeights() throws {
    let folder = scratch("with-backend")
    try FileManager.default.copyItem(
      atPath: FixtureFolder.path("checkpoints/depth-anything-v2/hf"), toPath: folder)
    try scratch.write(
      #"{"image_processor_type": "DPTImageProcessor", "backend": "pil"}"#,
      to: "with-backend/preprocessor_config.json")
    let result = try depthvla("convert", "--depth-anything", folder, "-o", scratch("b"))
    #expect(result.status == 65)
    #expect(result.error.contains("; pass --set image_backend=…\n"), "\(result.error)")
  }

  @Test(arguments: [["--version"], ["--help"], ["convert", "--help"], ["diff", "--help"]])
  func helpIs0OnStdout(arguments: [String]) throws {
    let result = try depthvla(arguments)
    #expect(result.status == 0)
    #expect(!result.output.isEmpty)
    #expect(result.error == "")
  }
}
