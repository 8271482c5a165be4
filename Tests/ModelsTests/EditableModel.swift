import DVLAJSON
import DVLAModels
import DVLAParity
import DVLARemapping
import DVLATensorMath
import DVLATensors
import DVLATestSupport
import DepthVLAWeights

/// A model of the fixtures whose weights and configuration a test may change.
struct EditableModel: Sendable {
  let family: String
  var configuration: JSONValue
  var source: MemorySource
  /// Those that no output depends on, by the layout.
  let unused: Set<TensorName>

  init(_ checkpoint: String) throws {
    let library = try ManifestLibrary.embedded()
    let checkpoint = FixtureCheckpoint(checkpoint)
    let remapped = try RemappedCheckpoint(
      try ImportedSource(path: checkpoint.path, library: library), library: library,
      given: Configuration(settings: try checkpoint.jsonSettings))
    family = remapped.plan.family
    configuration = remapped.plan.configuration.json
    source = try MemorySource(remapped)
    unused = Set(remapped.plan.tensors.filter { $0.unusedReason != nil }.map(\.name))
  }

  /// The same weights as a model of another family.
  init(_ other: EditableModel, family: String) {
    (configuration, source, unused) = (other.configuration, other.source, other.unused)
    self.family = family
  }

  func load(threads: Int = 1) throws -> any Model {
    try ModelFactory.load(
      family: family, configuration: configuration, source: source,
      products: ProductChoice(.exact), on: Compute(threads: threads))
  }

  /// All stages in the order they are computed.
  func stages(_ inputs: ModelInputs, threads: Int = 1) throws -> [Stage] {
    var stages: [Stage] = []
    try load(threads: threads).run(inputs, trace: StageTrace { stages.append($0) })
    return stages
  }

  /// Against a golden, under the built-in tolerances of float32.
  ///
  /// - Parameter last: where the forward pass may end; what follows counts as not shown.
  func comparison(with golden: Golden, until last: String? = nil) throws -> GoldenComparison {
    try GoldenComparison(
      golden, of: ShortenedModel(model: try load(), last: last), tolerances: .embedded(),
      precision: .f32)
  }

  /// The same path in the configuration with another value, or without any.
  mutating func set(_ path: String, to value: JSONValue?) {
    let keys = path.split(separator: ".").map(String.init)
    if let changed = configuration.replacing(keys[...], value) { configuration = changed }
  }
}

extension Golden {
  init(named name: String) throws {
    try self.init(path: FixtureFolder.path("goldens/\(name).safetensors"))
  }
}

extension JSONValue {
  fileprivate func replacing(_ path: ArraySlice<String>, _ value: JSONValue?) -> JSONValue? {
    guard let key = path.first else { return value }
    var members = object?.members.filter { $0.key != key } ?? []
    let inner: JSONValue = object?[key] ?? [:]
    if let value = inner.replacing(path.dropFirst(), value) {
      members.append((key, value))
    }
    return .object(JSONObject(members))
  }
}
