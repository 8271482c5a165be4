import DVLABundles
import DVLADiagnostics
import DVLAFiles
import DVLAJSON
import DVLAQuantization
import DVLARemapping
import DVLASafetensors
import DVLATensors
import DVLATestSupport
import DepthVLAWeights
import Foundation
import Testing

/// Bundles that are sound as files, hashes included, and whose documents lie.
@Suite struct HostileBundleTests {
  private let work: Work
  private let bundle: WeightBundle

  private static let deepKey = "a" + String(repeating: ".a", count: 100_000)

  init() throws {
    work = try Work()
    bundle = try work.convert(work.source, to: "good", precision: .int8)
  }

  @Test(arguments: ["../x.safetensors", "/tmp/x", "a/b", "..", ".", "", "a\0b"])
  func refusesSourceFileNamesThatAreNotPlain(_ name: String) throws {
    let hostile = try work.rewrite(bundle) { documents in
      documents.provenance.change(["sources", "0", "files", "0", "name"]) { _ in .string(name) }
    }
    let error = #expect(throws: WeightsError.self) {
      try work.export(hostile, naming: "source", to: "inside/out")
    }
    #expect(error?.code == .bundleRecord)
    #expect(error?.kind == .malformed)
    #expect(!FileManager.default.fileExists(atPath: work.path("inside/out")))
    #expect(!FileManager.default.fileExists(atPath: work.path("inside/x.safetensors")))
  }

  @Test func refusesSourceWithoutFiles() throws {
    let hostile = try work.rewrite(bundle) { documents in
      documents.provenance.change(["sources", "0", "files"]) { _ in [] }
    }
    #expect(throws: WeightsError(.bundleRecord, "")) {
      try work.export(hostile, naming: "source", to: "out")
    }
  }

  @Test func refusesSeedThatIsNoNumber() throws {
    let hostile = try work.rewrite(bundle) { documents in
      documents.provenance.change(["options"]) { options in
        let members = (options.object?.members ?? []).map { ($0.key, $0.value) }
        return .object(JSONObject(members + [("seed", "x")]))
      }
    }
    #expect(throws: WeightsError(.bundleRecord, "")) {
      try BundleComparison.compare(
        hostile, against: [try work.imported(work.source)], library: try work.library(), threads: 1)
    }
  }

  @Test func refusesGivenAssetsThatAreNoNames() throws {
    for value: JSONValue in ["x", [1]] {
      let hostile = try work.rewrite(bundle) { documents in
        documents.provenance.change(["options"]) { options in
          let members = (options.object?.members ?? []).map { ($0.key, $0.value) }
          return .object(JSONObject(members + [("given_assets", value)]))
        }
      }
      let error = #expect(throws: WeightsError.self) {
        try BundleComparison.compare(
          hostile, against: [try work.imported(work.source)], library: try work.library(),
          threads: 1)
      }
      #expect(error?.code == .jsonType)
      #expect(error?.file == hostile.path)
    }
  }

  @Test func blamesTheBundleForOptionsThatCannotBe() throws {
    let hostile = try work.rewrite(bundle) { documents in
      documents.provenance.change(["options", "choices"]) { _ in ["wings": "dinov2"] }
    }
    let error = #expect(throws: WeightsError.self) {
      try BundleComparison.compare(
        hostile, against: [try work.imported(work.source)], library: try work.library(), threads: 1)
    }
    #expect(error?.kind == .malformed)
    #expect(error?.file == hostile.path)
  }

  @Test(
    arguments: [
      .object(JSONObject([("a" + String(repeating: ".a", count: 100_000), 1)])),
      ["": 1], [1, 2], .null,
    ] as [JSONValue])
  func refusesConfigurationThatIsNoNestOfWords(_ configuration: JSONValue) throws {
    let hostile = try work.rewrite(bundle) { $0.configuration = configuration }
    #expect(throws: WeightsError(.remapConfiguration, "")) {
      try Inspection.inspect(hostile.path, library: try work.library(), settings: Configuration())
    }
    #expect(throws: WeightsError(.remapConfiguration, "")) {
      try work.export(hostile, naming: "hub", to: "out")
    }
  }

  @Test func nestsWideConfigurationAsItWas() throws {
    let members = (0..<20_000).map { ("k\($0)", ["x": .integer(Int64($0))] as JSONValue) }
    let wide = JSONValue.object(JSONObject(members))
    #expect(try Configuration(json: wide, origin: "a test").json == wide)
  }

  @Test func refusesGroupsThatDoNotDivideTheRows() throws {
    let hostile = try work.rewrite(
      bundle,
      quantization: { json in
        json.change(["scheme", "per"]) { _ in 32 }
      })
    let error = #expect(throws: WeightsError.self) {
      try work.export(hostile, naming: "hub", to: "out")
    }
    #expect(error?.code == .bundleRecord)
    #expect(error?.file == hostile.path)
  }

  @Test func escapesNamesInEveryMessage() throws {
    let hostile = try work.rewrite(bundle) { $0.family = "dinov2\u{1B}[31m" }
    let error = #expect(throws: WeightsError.self) {
      try work.export(hostile, naming: "hub", to: "out")
    }
    #expect(error.map { !"\($0)".unicodeScalars.contains("\u{1B}") } == true)
  }
}

/// What convert and export do with inputs that are sound and odd.
@Suite struct OddConversionTests {
  private let work: Work

  init() throws { work = try Work() }

  @Test(arguments: [Precision.source, .bf16, .int8])
  func convertsTensorsWithoutElements(_ precision: Precision) throws {
    let checkpoint = try Checkpoint(path: work.source)
    var tensors: [(TensorInfo, [UInt8])] = []
    for info in checkpoint.tensors {
      let name = info.name.string
      let shape: Shape =
        name.hasSuffix("fc1.weight")
        ? [0, info.shape[1]]
        : name.hasSuffix("fc1.bias")
          ? [0] : name.hasSuffix("fc2.weight") ? [info.shape[0], 0] : info.shape
      let empty = try #require(TensorInfo(name: info.name, dtype: info.dtype, shape: shape))
      tensors.append((empty, shape.elementCount == 0 ? [] : try checkpoint.bytes(of: info.name)))
    }
    let path = try work.write(tensors, to: "empty.safetensors")
    let bundle = try work.convert(path, to: "converted", precision: precision) { options in
      options.settings = [("num_attention_heads", 2)]
    }
    #expect(try bundle.verify(threads: 1).isIntact)
    let comparison = try BundleComparison.compare(
      bundle, against: [try work.imported(path)], library: try work.library(), threads: 2)
    #expect(comparison.differences.isEmpty)
  }

  @Test func neverReplacesItsSource() throws {
    let source = work.path("own.safetensors")
    try FileManager.default.copyItem(atPath: work.source + "/model.safetensors", toPath: source)
    let before = try Data(contentsOf: URL(filePath: source))
    #expect(throws: WeightsError(.outputIsInput, .cannotCreate, "")) {
      try work.convert(source, to: "own", precision: .source) { options in
        options.settings = [("num_attention_heads", 2)]
        options.overwrite = true
      }
    }
    #expect(try Data(contentsOf: URL(filePath: source)) == before)
  }

  @Test func neverReplacesTheFolderThatHoldsTheBundle() throws {
    let bundle = try work.convert(work.source, to: "inside/good", precision: .source)
    #expect(throws: WeightsError(.outputIsInput, .cannotCreate, "")) {
      try work.export(bundle, naming: "hub", to: "inside")
    }
    #expect(try bundle.verify(threads: 1).isIntact)
  }

  @Test func refusesChoiceOfComponentThatIsNotThere() throws {
    #expect(throws: WeightsError(.convertSources, .usage, "")) {
      try work.convert(work.source, to: "x", precision: .source) {
        $0.choices = ["wings": "dinov2"]
      }
    }
  }
}

/// A folder of its own for each test, and the commands' work in it.
private final class Work: Sendable {
  let source = FixtureFolder.path("checkpoints/dinov2/hf")
  private let folder: URL
  /// Read once: parsing it takes longer than anything else here.
  private static let embedded = Result { try ManifestLibrary.embedded() }

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "hostile-\(UUID().uuidString)")
    try FileManager.default.createDirectory(
      at: folder.appending(path: "inside"), withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  func library() throws -> ManifestLibrary { try Self.embedded.get() }

  func path(_ name: String) -> String { folder.appending(path: name).path }

  func imported(_ path: String) throws -> ImportedSource {
    try ImportedSource(path: path, library: try library())
  }

  @discardableResult
  func convert(
    _ source: String, to name: String, precision: Precision,
    _ change: (inout ConversionOptions) -> Void = { _ in }
  ) throws -> WeightBundle {
    var options = ConversionOptions(recipe: .preset(precision))
    change(&options)
    let target = path(name + ".safetensors")
    _ = try Conversion(
      sources: [try imported(source)], options: options, library: try library()
    ).write(to: target)
    return try WeightBundle(path: target)
  }

  @discardableResult
  func export(_ bundle: WeightBundle, naming: String, to name: String) throws -> ExportResult {
    var options = ExportOptions(naming: naming)
    options.overwrite = true
    return try Exporter(bundle, library: try library(), options: options).write(to: path(name))
  }

  func write(_ tensors: [(TensorInfo, [UInt8])], to name: String) throws -> String {
    let layout = try SafetensorsLayout(tensors: tensors.map(\.0), order: .given)
    let bytes = layout.headerBytes + tensors.flatMap(\.1)
    try Data(bytes).write(to: folder.appending(path: name))
    return path(name)
  }

  /// The bundle with other documents, and every hash right again.
  func rewrite(
    _ bundle: WeightBundle, _ change: (inout BundleDocuments) -> Void = { _ in },
    quantization: (inout JSONValue) -> Void = { _ in }
  ) throws -> WeightBundle {
    var documents = bundle.documents
    change(&documents)
    let target = path("hostile-\(UUID().uuidString).safetensors")
    let writer = try BundleWriter(
      path: target, overwrite: false, documents: documents,
      plans: bundle.bundleTensors.map { tensor in
        var json = tensor.quantization
        if var record = json, tensor.info.dtype == .i8 {
          quantization(&record)
          json = record
        }
        return BundleTensorPlan(
          tensor.info, source: tensor.source, quantizationPlaceholder: json)
      }, packing: .store)
    var packer = try ChunkPacker()
    for (index, tensor) in bundle.bundleTensors.enumerated() {
      if var record = tensor.quantization {
        if tensor.info.dtype == .i8 { quantization(&record) }
        writer.setQuantization(record, ofTensor: index)
      }
      let bytes = try bundle.bytes(of: tensor.name)
      // The fixture's tensors are smaller than a chunk.
      if !bytes.isEmpty {
        let chunk = unsafe try packer.pack(
          bytes.span.bytes, dtype: tensor.info.dtype, packing: .store)
        try writer.append([chunk], toTensor: index)
      }
    }
    _ = try writer.finish()
    return try WeightBundle(path: target)
  }
}

extension JSONValue {
  /// Changes what stands at a path of keys and indices.
  fileprivate mutating func change(_ path: [String], _ body: (JSONValue) -> JSONValue) {
    guard let head = path.first else {
      self = body(self)
      return
    }
    let rest = Array(path.dropFirst())
    if var items = array, let index = Int(head) {
      items[index].change(rest, body)
      self = .array(items)
    } else if let object {
      self = .object(
        JSONObject(
          object.members.map { key, value in
            var value = value
            if key == head { value.change(rest, body) }
            return (key, value)
          }))
    }
  }
}
