import DVLAJSON
import DVLATestSupport
import Testing

/// The files beside the weights, on the command line.
struct AssetCommandTests {
  let scratch: ScratchFolder
  init() throws {
    scratch = try ScratchFolder()
    try scratch.copy("paligemma/hf-hub", to: "pali")
    try scratch.addAssets("paligemma", to: "pali")
  }

  func document(_ status: Int32, _ arguments: String...) throws -> JSONObject {
    let result = try depthvla(arguments + ["--json"])
    #expect(result.status == status, "\(result.error)")
    return try #require(result.json, "\(result.output.prefix(200))")
  }

  static let tokenizer: JSONValue = [
    "name": "paligemma.tokenizer.model", "role": "tokenizer", "bytes": 4930,
  ]

  @Test func everyCommandKnowsThem() throws {
    // What would be taken, what will be, what was.
    for arguments in [
      ["inspect", scratch("pali")], ["convert", "--paligemma", scratch("pali"), "--dry-run"],
      ["convert", "--paligemma", scratch("pali"), "-o", scratch("b")], ["inspect", scratch("b")],
    ] {
      let words = try depthvla(arguments + (arguments.contains("-o") ? ["--force"] : []))
      #expect(words.status == 0, "\(words.error)")
      #expect(words.output.contains("  6 assets\n"), "\(words.output)")
      let line = "    4.93 kB  tokenizer                paligemma.tokenizer.model\n"
      #expect(words.output.contains(line), "\(words.output)")
      let json = try depthvla(
        arguments + ["--json"] + (arguments.contains("-o") ? ["--force"] : []))
      #expect(json.json?["assets"]?.array?.count == 6)
      #expect(json.json?["assets"]?.array?[4] == Self.tokenizer)
    }

    let verified = try depthvla("verify", scratch("b"), "--against", scratch("pali"))
    #expect(verified.status == 0, "\(verified.error)")
    #expect(verified.output.contains("intact; 68 tensors and 6 assets in 74 chunks"))
    #expect(verified.output.contains("asset paligemma.tokenizer.model: equal to tokenizer.model\n"))
    let verification = try document(0, "verify", scratch("b"), "--against", scratch("pali"))
    #expect(verification["tensors"] == 68)
    #expect(verification["assets"] == 6)
    #expect(verification["chunks"] == 74)
    #expect(
      verification["assets_against"]?.array?[4]
        == ["name": "paligemma.tokenizer.model", "outcome": "equal"])

    let export = try document(0, "export", scratch("b"), "--naming", "hub", "-o", scratch("out"))
    #expect(export["assets"]?.array?.count == 6)
    #expect(export["assets"]?.array?[4] == ["name": "tokenizer.model", "bytes": 4930])
    #expect(
      try scratch.bytes(of: "out/tokenizer.model")
        == FixtureFolder.bytes("assets/paligemma/tokenizer.model"))
  }

  @Test func verifySaysWhichFilesAreOthersOrMissing() throws {
    let converted = try depthvla("convert", "--paligemma", scratch("pali"), "-o", scratch("b"))
    #expect(converted.status == 0, "\(converted.error)")
    var bytes = try scratch.bytes(of: "pali/tokenizer.model")
    bytes[1000] ^= 1
    try scratch.write(bytes, to: "pali/tokenizer.model")
    let verified = try depthvla("verify", scratch("b"), "--against", scratch("pali"))
    #expect(verified.status == 1)
    #expect(verified.output.contains("68 tensors stored unchanged and equal\n"))
    #expect(
      verified.output.contains("asset paligemma.tokenizer.model: DIFFERENT from byte 1000 on\n"))
    let document = try document(1, "verify", scratch("b"), "--against", scratch("pali"))
    #expect(
      document["assets_against"]?.array?[4]
        == ["name": "paligemma.tokenizer.model", "outcome": "different", "first_byte": 1000])
    let bare = FixtureFolder.path("checkpoints/paligemma/hf-hub")
    let missing = try depthvla("verify", scratch("b"), "--against", bare)
    #expect(missing.status == 0, "\(missing.error)")
    #expect(
      missing.output.contains(
        "asset paligemma.tokenizer.model: not compared, no source has tokenizer.model\n"))
  }

  @Test func optionsGiveReplaceAndLeaveOut() throws {
    let bare = try document(
      0, "convert", "--paligemma", scratch("pali"), "--no-assets", "--dry-run")
    #expect(bare["assets"] == [])
    let model = FixtureFolder.path("tokenizers/tiny/tokenizer.model")
    let statistics = FixtureFolder.path("statistics/openpi-8-5.json")
    let processor = try scratch.write("{}", to: "processor_config.json")
    let given = try document(
      0, "convert", "--paligemma", scratch("pali"), "-o", scratch("b"), "--tokenizer", model,
      "--statistics", "paligemma=" + statistics, "--preprocessor", "paligemma=" + processor)
    #expect(
      given["assets"]?.array?.map { $0.object?["name"]?.string } == [
        "paligemma.norm_stats.json", "paligemma.processor_config.json",
        "paligemma.tokenizer.model",
      ])
    let verified = try depthvla("verify", scratch("b"), "--against", scratch("pali"))
    #expect(verified.status == 0, "\(verified.error)")
    #expect(
      verified.output.contains(
        "asset paligemma.norm_stats.json: not compared, it does not come from a source\n"))

    let compared = try depthvla(
      "convert", "--paligemma", scratch("pali"), "-o", scratch("c"), "--no-assets")
    #expect(compared.status == 0)
    let difference = try depthvla("diff", scratch("b"), scratch("c"))
    #expect(difference.status == 1)
    #expect(difference.output.contains("68 tensors equal bit for bit, 0 differ"))
    #expect(difference.output.contains("0 assets equal, 3 differ"))
    #expect(
      difference.output.contains("asset paligemma.norm_stats.json: only in \(scratch("b"))"))
    let document = try document(1, "diff", scratch("b"), scratch("c"))
    #expect(document["differing"] == 0)
    #expect(document["differing_assets"] == 3)
    #expect(
      document["assets"]?.array?.first
        == ["name": "paligemma.norm_stats.json", "outcome": "only-in-first"])
    #expect(document["assets_compared"] == true)
  }

  @Test func whatIsWrongWithAFileIsOneLine() throws {
    let usage = try depthvla(
      "convert", "--paligemma", scratch("pali"), "--dry-run", "--no-assets", "--tokenizer", "x")
    #expect(usage.status == 64)
    let missing = try depthvla(
      "convert", "--paligemma", scratch("pali"), "--dry-run", "--tokenizer", scratch("no"))
    #expect(missing.status == 66)
    #expect(missing.errorLines.count == 1)
    #expect(missing.error.contains(scratch("no")))
    try scratch.write("", to: "pali/tokenizer.model")
    let empty = try depthvla("convert", "--paligemma", scratch("pali"), "-o", scratch("b"))
    #expect(empty.status == 65)
    #expect(
      empty.errorLines == [
        "depthvla: \(scratch("pali/tokenizer.model")): has 0 bytes; an asset must have 1 to "
          + "268435456; --no-assets leaves such files out"
      ])
    // A look at the folder says so too, and shows the rest.
    let inspected = try depthvla("inspect", scratch("pali"))
    #expect(inspected.status == 0)
    #expect(inspected.output.contains("  5 assets\n"))
    #expect(inspected.output.contains("note: \(scratch("pali/tokenizer.model")): has 0 bytes"))
  }

  @Test func whatIsNoSuchFileIsOneLine() throws {
    let host = try scratch.write("robot-7\n", to: "hostname")
    let given = try depthvla(
      "convert", "--paligemma", scratch("pali"), "-o", scratch("b"), "--tokenizer", host)
    #expect(given.status == 65)
    #expect(given.errorLines.count == 1)
    #expect(given.error.hasPrefix("depthvla: \(host): "), "\(given.error)")
    let pointer = try scratch.write(
      "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
      to: "pali/tokenizer.model")
    let found = try depthvla("convert", "--paligemma", scratch("pali"), "-o", scratch("b"))
    #expect(found.status == 65)
    #expect(
      found.errorLines == [
        "depthvla: \(pointer): is a Git LFS pointer, expected a tokenizer; run git lfs pull, or "
          + "download the file itself; --no-assets leaves such files out"
      ])
    let inspected = try depthvla("inspect", scratch("pali"))
    #expect(inspected.status == 0)
    #expect(inspected.output.contains("note: \(pointer): is a Git LFS pointer"))
    let without = try depthvla(
      "convert", "--paligemma", scratch("pali"), "--no-assets", "--dry-run")
    #expect(without.status == 0)
  }

  @Test func aFamilyThatIsNotThereIsAUsageError() throws {
    let statistics = FixtureFolder.path("statistics/openpi-8-5.json")
    let cases = [("nope", "no family is called \"nope\""), ("pi0", "no pi0 part")]
    for (family, words) in cases {
      let result = try depthvla(
        "convert", "--paligemma", scratch("pali"), "--dry-run", "--statistics",
        "\(family)=\(statistics)")
      #expect(result.status == 64, "\(family)")
      #expect(result.errorLines.count == 1)
      #expect(result.error.contains(words), "\(result.error)")
    }
    // A file may have the sign in its name.
    let model = try FixtureFolder.bytes("tokenizers/tiny/tokenizer.model")
    try scratch.write(model, to: "nope=t.model")
    let path = scratch("nope=t.model")
    let plan = try document(
      0, "convert", "--paligemma", scratch("pali"), "--dry-run", "--tokenizer", path)
    #expect(plan["assets"]?.array?.count == 2)
    #expect(plan["notes"] == [])
  }

  @Test func bothSidesOfAComparisonSayWhatTheOtherLacks() throws {
    let bundled = try depthvla(
      "convert", "--paligemma", scratch("pali"), "-o", scratch("b"), "--no-assets")
    #expect(bundled.status == 0)
    let verified = try depthvla("verify", scratch("b"), "--against", scratch("pali"))
    #expect(verified.status == 0)
    #expect(
      verified.output.contains(
        "asset paligemma.tokenizer.model: not in the bundle; a source has tokenizer.model\n"))
    let verification = try document(0, "verify", scratch("b"), "--against", scratch("pali"))
    #expect(
      verification["assets_lacking"]?.array?[4]
        == ["name": "paligemma.tokenizer.model", "source": "tokenizer.model"])
    let difference = try document(1, "diff", scratch("b"), scratch("pali"))
    #expect(difference["assets_compared"] == true)
    #expect(difference["differing_assets"] == 6)
    // What lies beside a model that is not known may belong to anything.
    let unknown = FixtureFolder.path("checkpoints/look-alikes/dinov3")
    let other = try document(0, "diff", unknown, unknown)
    #expect(other["assets_compared"] == false)
    let words = try depthvla("diff", unknown, unknown)
    #expect(words.output.contains("assets not compared"), "\(words.output)")
  }

  @Test func damageIsNamed() throws {
    let converted = try depthvla(
      "convert", "--paligemma", scratch("pali"), "-o", scratch("b"), "--store")
    #expect(converted.status == 0, "\(converted.error)")
    var bytes = try scratch.bytes(of: "b")
    let model = try FixtureFolder.bytes("assets/paligemma/tokenizer.model")
    let place = try #require(
      bytes.indices.first { bytes[$0...].starts(with: model) })
    bytes[place + 77] ^= 1
    try scratch.write(bytes, to: "b")
    let words = try depthvla("verify", scratch("b"))
    #expect(words.status == 65)
    let line =
      "  asset \"paligemma.tokenizer.model\": chunk 0 of 1 (asset bytes 0..<4930, file bytes"
    #expect(words.output.contains(line), "\(words.output)")
    let damage = try document(65, "verify", scratch("b"))["damages"]?.array?.first?.object
    #expect(damage?["asset"] == "paligemma.tokenizer.model")
    #expect(damage?["tensor"] == .null)
    #expect(damage?["code"] == "bundle.chunk-hash")
    let export = try depthvla("export", scratch("b"), "--naming", "hub", "-o", scratch("out"))
    #expect(export.status == 65)
    #expect(!(try scratch.entries.contains("out")))
    let difference = try depthvla("diff", scratch("b"), scratch("b"))
    #expect(difference.status == 65)
  }

  /// What transformers makes of an exported folder.
  @Test(
    .enabled(
      if: OtherProgramsTests.hasProcessors, "DEPTHVLA_PYTHON has no torch, transformers and Pillow")
  )
  func transformersLoadsTheProcessorsOfAnExport() throws {
    try scratch.copy("depth-anything-v2/hf", to: "depth")
    try scratch.addAssets("depth-anything-v2", to: "depth")
    for (option, name) in [("--paligemma", "pali"), ("--depth-anything", "depth")] {
      let bundle = scratch(name + ".dvla")
      #expect(try depthvla("convert", option, scratch(name), "-o", bundle).status == 0)
      let out = scratch(name + "-out")
      #expect(try depthvla("export", bundle, "--naming", "hub", "-o", out).status == 0)
    }
    let script = """
      import sys
      import numpy
      from transformers import AutoImageProcessor, AutoProcessor
      folder = sys.argv[1]
      depth = AutoImageProcessor.from_pretrained(folder + "/depth-out", use_fast=False)
      print(type(depth).__name__.startswith("DPTImageProcessor"), depth.size["height"],
            depth.ensure_multiple_of)
      before = AutoProcessor.from_pretrained(folder + "/pali")
      after = AutoProcessor.from_pretrained(folder + "/pali-out")
      picture = numpy.arange(3600, dtype=numpy.uint8).reshape(30, 40, 3)
      inputs = [p(images=picture, text="<image>pick up the red cup") for p in (before, after)]
      print(type(after).__name__, len(inputs[1]["input_ids"][0]) > 8,
            all(numpy.array_equal(inputs[0][key][0], inputs[1][key][0]) for key in inputs[0]))
      """
    let result = try program([OtherProgramsTests.python ?? "", "-c", script, scratch.path])
    #expect(result.status == 0, "\(result.error.suffix(400))")
    #expect(result.output == "True 56 14\nPaliGemmaProcessor True True\n")
  }
}
