import BundleFormat
public import Diagnostics
import Foundation
import HostileCorpus
import Images
import Normalization
import NumPyFiles
import Parity
import Quantization
import Remapping
import Safetensors
import StrictJSON
import TensorCore
import TestSupport
import Testing
import Tokenization

/// The limits of the page "Limits": what is just within each is taken, one more is refused. Those
/// of a JSON text, of the header's length and of the number of tensors are tested where they are.
struct LimitTests {
  private static let library = Result { () throws(WeightsError) in try ManifestLibrary.embedded() }

  private func expect(
    _ code: WeightsError.Code, _ limit: Int, at location: SourceLocation = #_sourceLocation,
    _ body: (Int) throws(WeightsError) -> Void
  ) {
    let within = refusal { () throws(WeightsError) in try body(limit) }
    #expect(within == nil, "\(limit): \(within?.description ?? "")", sourceLocation: location)
    let error = refusal { () throws(WeightsError) in try body(limit + 1) }
    #expect(
      error?.code == code, "\(limit + 1): \(error?.description ?? "")", sourceLocation: location)
    #expect((error?.description.utf8.count ?? 0) < 2000, sourceLocation: location)
  }

  // MARK: Safetensors

  private func header(_ text: String, data: Int) throws(WeightsError) {
    let length = (0..<8).map { UInt8(truncatingIfNeeded: text.utf8.count >> (8 * $0)) }
    _ = try SafetensorsHeader.parse(
      file: length + Array(text.utf8) + [UInt8](repeating: 0, count: data))
  }

  @Test func ofSafetensorsHeaders() {
    let entry = #"{"dtype":"U8","shape":[],"data_offsets":[0,1]}"#
    expect(.safetensorsNameTooLong, 1024) { (count) throws(WeightsError) in
      try header("{\"\(String(repeating: "n", count: count))\":\(entry)}", data: 1)
    }
    expect(.safetensorsRank, 8) { (count) throws(WeightsError) in
      let shape = Array(repeating: "1", count: count).joined(separator: ",")
      try header(#"{"a":{"dtype":"U8","shape":[\#(shape)],"data_offsets":[0,1]}}"#, data: 1)
    }
    expect(.safetensorsMetadataTooLong, 1024) { (count) throws(WeightsError) in
      let key = String(repeating: "k", count: count)
      try header(#"{"__metadata__":{"\#(key)":""}}"#, data: 0)
    }
    expect(.safetensorsMetadataCount, 10_000) { (count) throws(WeightsError) in
      let members = (0..<count).map { "\"\($0)\":\"\"" }.joined(separator: ",")
      try header("{\"__metadata__\":{\(members)}}", data: 0)
    }
  }

  @Test func ofShardNames() throws {
    let scratch = try ScratchFolder()
    let bytes = Array("{\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}".utf8)
    let file = [UInt8(bytes.count)] + [UInt8](repeating: 0, count: 7) + bytes
    for (count, code) in [(255, nil), (256, WeightsError.Code.checkpointShardName)] {
      let name = String(repeating: "n", count: count - 12) + ".safetensors"
      try scratch.makeFolder("\(count)")
      // A longer name no file system has.
      if count <= 255 { try scratch.write(file, to: "\(count)/\(name)") }
      try scratch.write(
        "{\"weight_map\":{\"a\":\"\(name)\"}}", to: "\(count)/model.safetensors.index.json")
      let error = refusal { () throws(WeightsError) in
        _ = try Checkpoint(path: scratch("\(count)"))
      }
      #expect(error?.code == code, "\(error?.description ?? "")")
    }
  }

  // MARK: Manifests, recipes, configurations

  private func manifest(
    rules: String, more: String = ""
  ) throws(WeightsError) {
    var library = try Self.library.get()
    let text =
      #"{"schema": 1, "family": "dinov2", "naming": "mine", "about": "a"\#(more), "#
      + "\"rules\": [\(rules)]}"
    try library.add(text, file: "mine.json")
  }

  @Test func ofManifests() {
    let whole = #"{"from": "enc.**", "to": "dinov2.**"}"#
    expect("manifest.too-large", 512) { (count) throws(WeightsError) in
      let drops = (1..<count).map { #"{"from": "x\#($0)", "drop": "x"}"# }
      try manifest(rules: ([whole] + drops).joined(separator: ","))
    }
    expect("manifest.too-large", 64) { (count) throws(WeightsError) in
      let prefixes = (0..<count).map { "\"p\($0).\"" }.joined(separator: ",")
      try manifest(rules: whole, more: ", \"prefixes\": [\(prefixes)]")
    }
    let keys = [
      "num_register_tokens", "use_swiglu_ffn", "hidden_size", "patch_size", "num_hidden_layers",
    ]
    expect("manifest.too-large", 4) { (count) throws(WeightsError) in
      let rules = keys.prefix(count).enumerated().map {
        #"{"from": "x\#($0)", "drop": "x", "when": "\#($1)"}"#
      }
      try manifest(rules: ([whole] + rules).joined(separator: ","))
    }
    expect("manifest.syntax", 512) { (count) throws(WeightsError) in
      let name = String(repeating: "n", count: count)
      try manifest(rules: whole + #", {"from": "\#(name)", "drop": "x"}"#)
    }
    // A tree as deep as the text is long.
    expect("manifest.syntax", 255) { (count) throws(WeightsError) in
      let sum = Array(repeating: "1", count: (count + 2) / 2).joined(separator: "+")
      try manifest(
        rules: whole + #", {"from": "x", "drop": "x", "shape": ["\#(sum)"], "export": "zeros"}"#)
    }
  }

  /// Without the limit, walking the tree overflowed the stack.
  @Test func ofExpressionsThatWouldBeAMillionDeep() {
    let sum = "1" + String(repeating: "+1", count: 1_000_000)
    let error = refusal { () throws(WeightsError) in
      try manifest(
        rules: #"{"from": "x", "drop": "x", "shape": ["\#(sum)"], "export": "zeros"}"#)
    }
    #expect(error?.code == "manifest.syntax")
  }

  @Test func ofLayers() throws {
    let layout = try Self.library.get().layout(of: "dinov2")
    expect("remap.configuration", 1024) { (count) throws(WeightsError) in
      var configuration = Configuration()
      for (key, value) in [
        ("hidden_size", 4), ("patch_size", 2), ("num_channels", 3), ("position_rows", 5),
        ("num_hidden_layers", count), ("intermediate_size", 8), ("num_register_tokens", 0),
        ("use_swiglu_ffn", 0),
      ] {
        configuration.set(key, .integer(Int64(value)), origin: "a test")
      }
      _ = try layout.tensors(under: configuration)
    }
  }

  @Test func ofRecipes() {
    expect("recipe.too-large", 1024) { (count) throws(WeightsError) in
      let rules = (0..<count).map { #"{"match": "a\#($0)", "precision": "bf16"}"# }
      let text = "{\"schema\": 1, \"rules\": [\(rules.joined(separator: ","))]}"
      _ = try Recipe(json: StrictJSON.parse(text))
    }
  }

  /// What a configuration says is shown, but not all of it.
  @Test func ofWhatAMessageShows() throws {
    let scratch = try ScratchFolder()
    let path = try scratch.copy("dinov2/hf", to: "in")
    let config = String(decoding: try scratch.bytes(of: "in/config.json"), as: UTF8.self)
    for value in [
      "\"" + String(repeating: "x", count: 1 << 20) + "\"",
      "[" + String(repeating: "1,", count: 100_000) + "1]",
    ] {
      for member in ["num_hidden_layers\": 4", "hidden_size\": 22", "model_type\": \"dinov2\""] {
        let key = member.prefix { $0 != "\"" }
        try scratch.write(
          config.replacing(member, with: "\(key)\": \(value)"), to: "in/config.json")
        let error = refusal { () throws(WeightsError) in try HostileCase.Door.config.open(path) }
        #expect(error != nil, "\(key)")
        #expect((error?.description.utf8.count ?? 0) < 2000, "\(key)")
      }
    }
  }

  // MARK: What a policy is given

  @Test func ofStatisticsStatesAndArrays() throws {
    expect("statistics.format", PolicyStatistics.maximumByteCount) { (count) throws(WeightsError) in
      let text = Array(#"{"action": {"mean": [1], "std": [1]}}"#.utf8)
      let space = [UInt8](repeating: 0x20, count: count - text.count)
      _ = try PolicyStatistics(contents: text + space, fileName: "s")
    }
    let scratch = try ScratchFolder()
    expect("state.count", StateFile.maximumCount) { (count) throws(WeightsError) in
      let numbers = Array(repeating: "0", count: count).joined(separator: ",")
      _ = try StateFile.read(path: written("[\(numbers)]", scratch))
    }
    expect("file.too-large", 1 << 20) { (count) throws(WeightsError) in
      let text = "[0]" + String(repeating: " ", count: count - 3)
      _ = try StateFile.read(path: written(text, scratch))
    }
    expect("npy.header", 10_000) { (count) throws(WeightsError) in
      let text = "{'descr': '<f4', 'fortran_order': False, 'shape': (), "
      let header = text + String(repeating: " ", count: count - text.utf8.count - 2) + "}\n"
      let length = [UInt8(count & 0xFF), UInt8(count >> 8)]
      _ = try NPYArray(
        [0x93] + Array("NUMPY\u{1}\u{0}".utf8) + length + Array(header.utf8) + [0, 0, 0, 0])
    }
  }

  private func written(_ text: String, _ scratch: ScratchFolder) throws(WeightsError) -> String {
    try written(Array(text.utf8), scratch)
  }

  private func written(_ bytes: [UInt8], _ scratch: ScratchFolder) throws(WeightsError) -> String {
    do { return try scratch.write(bytes, to: "x") } catch {
      throw WeightsError("test.write", "\(error)")
    }
  }

  @Test func ofPiecesOfTokenizers() throws {
    let model = try FixtureFolder.bytes("tokenizers/tiny/tokenizer.model")
    func field(_ number: UInt8, _ content: [UInt8]) -> [UInt8] {
      [number << 3 | 2, UInt8(content.count & 0x7F | 0x80), UInt8(content.count >> 7)] + content
    }
    func piece(_ text: String) -> [UInt8] { field(1, field(1, Array(text.utf8)) + [3 << 3, 4]) }
    expect("tokenizer.malformed", 512) { (count) throws(WeightsError) in
      _ = try Tokenizer(sentencePieceModel: model + piece(String(repeating: "x", count: count)))
    }
    expect("tokenizer.malformed", 64) { (count) throws(WeightsError) in
      let nested = (1...count).flatMap { piece(String(repeating: "é", count: $0)) }
      _ = try Tokenizer(sentencePieceModel: model + nested)
    }
  }

  @Test func ofPictures() throws {
    let picture = try FixtureFolder.bytes("images/rgb8.png")
    let image = try ImageFile.decode(picture)
    func expect(_ change: (inout ImageLimits) -> Void, _ past: (inout ImageLimits) -> Void) throws {
      var limits = ImageLimits()
      change(&limits)
      #expect(try ImageFile.decode(picture, limits: limits) == image)
      past(&limits)
      #expect(throws: WeightsError("image.too-large", "")) {
        try ImageFile.decode(picture, limits: limits)
      }
    }
    let side = max(image.width, image.height)
    try expect({ $0.side = side }, { $0.side = side - 1 })
    let pixels = image.width * image.height
    try expect({ $0.pixelCount = pixels }, { $0.pixelCount = pixels - 1 })
    var limits = ImageLimits()
    limits.fileByteCount = picture.count
    let path = FixtureFolder.path("images/rgb8.png")
    _ = try ImageFile.read(path: path, limits: limits)
    limits.fileByteCount -= 1
    #expect(throws: WeightsError("file.too-large", "")) {
      try ImageFile.read(path: path, limits: limits)
    }
    let progressive = try FixtureFolder.bytes("images/progressive.jpg")
    let starts = zip(progressive, progressive.dropFirst()).count { $0 == 0xFF && $1 == 0xDA }
    var scans = ImageLimits()
    scans.scanCount = starts
    _ = try ImageFile.decode(progressive, limits: scans)
    scans.scanCount -= 1
    #expect(throws: WeightsError("image.corrupt", "")) {
      try ImageFile.decode(progressive, limits: scans)
    }
  }

  // MARK: Goldens and bundles

  /// Sparse files of a gigabyte: nothing of them is read.
  @Test func ofGoldenInputs() throws {
    let scratch = try ScratchFolder()
    for (dtype, width, limit) in [("F32", 4, 1 << 28), ("I64", 8, 1 << 24)] {
      expect("golden.tensor", limit) { (count) throws(WeightsError) in
        let bytes = count * width
        let text =
          #"{"in.x":{"dtype":"\#(dtype)","shape":[\#(count)],"data_offsets":[0,\#(bytes)]}}"#
        let length = String(decoding: [UInt8(text.utf8.count), 0, 0, 0, 0, 0, 0, 0], as: UTF8.self)
        let path = try written(length + text, scratch)
        guard unsafe truncate(path, 8 + text.utf8.count + bytes) == 0 else {
          throw WeightsError("test.write", "no sparse file")
        }
        _ = try Golden(path: path)
      }
    }
  }

  /// What takes 2 bytes of the file takes 200 of memory.
  @Test func ofTheDocumentsOfABundle() throws {
    let scratch = try ScratchFolder()
    let sound = try #require(HostileCase.all.first { $0.door == .bundle && $0.group == "E0" })
    guard case .file(let contents) = sound.content else { return }
    let opened = try OpenedBundle(contents())
    for key in ["configuration", "recipe", "provenance"] {
      expect("json.too-many-values", 199_999) { (count) throws(WeightsError) in
        var bundle = opened
        let zeros = Array(repeating: "0", count: count).joined(separator: ",")
        bundle.setMetadata(key, .string("[\(zeros)]"))
        let path = try written(bundle.bytes(), scratch)
        _ = try BundleFormat.Bundle(path: path)
      }
    }
  }

  @Test func ofAssets() {
    func plan(_ name: String, _ size: Int = 1) -> BundleAssetPlan {
      BundleAssetPlan(
        family: "f", fileName: name, role: .statistics, byteCount: size, source: "s")
    }
    expect("bundle.asset-count", BundleLayout.assetCount) { (count) throws(WeightsError) in
      try BundleAssetPlan.check((0..<count).map { plan("a\($0 + 100)") })
    }
    expect("bundle.asset-size", BundleLayout.assetByteCount) { (count) throws(WeightsError) in
      try BundleAssetPlan.check([plan("a", count)])
    }
    expect("bundle.asset-name", 120) { (count) throws(WeightsError) in
      try BundleAssetPlan.check([plan(String(repeating: "n", count: count))])
    }
  }
}

extension WeightsError.Code: ExpressibleByStringLiteral {
  public init(stringLiteral value: String) { self.init(value) }
}
