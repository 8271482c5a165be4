public import DVLADiagnostics
import DVLAJSON
import DVLASafetensors
import DVLATensors
import DVLATestSupport

@testable import DVLARemapping

/// The manifests of the toolkit, read once.
enum Embedded {
  static let library = Result { () throws(WeightsError) in try ManifestLibrary.embedded() }
}

/// A checkpoint as names and shapes, and what the toolkit makes of it.
struct Model {
  var tensors: [TensorInfo]
  var config: JSONValue?
  var library: ManifestLibrary

  init(_ tensors: [TensorInfo], config: JSONValue? = nil, library: ManifestLibrary? = nil) throws {
    self.tensors = tensors
    self.config = config
    self.library = try library ?? Embedded.library.get()
  }

  /// A published layout at full size.
  init(layout: String, config: JSONValue? = nil) throws {
    try self.init(LayoutInventory(file: layout + ".json").tensors, config: config)
  }

  /// A tiny checkpoint of `Fixtures/checkpoints`.
  init(fixture: String) throws {
    let checkpoint = try Checkpoint(path: FixtureFolder.path("checkpoints/" + fixture))
    try self.init(checkpoint.tensors, config: checkpoint.config?.value)
  }

  init(_ shapes: KeyValuePairs<String, [Int]>, config: JSONValue? = nil) throws {
    try self.init(shapes.map { try tensor($0.key, $0.value) }, config: config)
  }

  var shapes: [TensorName: Shape] {
    Dictionary(tensors.map { ($0.name, $0.shape) }, uniquingKeysWith: { first, _ in first })
  }

  func recognise() throws(WeightsError) -> Recognition {
    try library.recognise(tensors, config: config)
  }

  /// The model alone as a bundle of its own family.
  func plan(
    _ given: KeyValuePairs<String, JSONValue> = [:], keepsUnused: Bool = false
  ) throws(WeightsError) -> RemapPlan {
    try plan(of: recognise(), given, keepsUnused: keepsUnused)
  }

  func plan(
    of recognition: Recognition, _ given: KeyValuePairs<String, JSONValue> = [:],
    keepsUnused: Bool = false
  ) throws(WeightsError) -> RemapPlan {
    try RemapPlanner(
      library: library, family: recognition.family,
      sources: [.init(label: "source", recognition: recognition)], given: Configuration(given),
      keepsUnused: keepsUnused
    ).plan()
  }

  mutating func remove(_ names: String...) {
    tensors.removeAll { names.contains($0.name.string) }
  }

  mutating func append(_ name: String, _ shape: [Int]) throws {
    tensors.append(try tensor(name, shape))
  }

  mutating func reshape(_ name: String, _ shape: [Int]) throws {
    remove(name)
    try append(name, shape)
  }

  mutating func rename(_ change: (String) -> String) throws {
    tensors = try tensors.map { try tensor(change($0.name.string), $0.shape.dimensions) }
  }
}

func tensor(_ name: String, _ shape: [Int]) throws -> TensorInfo {
  guard let shape = Shape(checking: shape),
    let info = TensorInfo(name: TensorName(name), dtype: .f32, shape: shape)
  else { throw WeightsError("test.shape", "no shape") }
  return info
}

extension WeightsError.Code: ExpressibleByStringLiteral {
  public init(stringLiteral value: String) { self.init(value) }
}

extension Configuration {
  init(_ pairs: KeyValuePairs<String, JSONValue>) {
    self.init()
    for (key, value) in pairs { set(key, value, origin: "--set") }
  }
}

extension ExportPlanner {
  init(_ plan: RemapPlan, library: ManifestLibrary) {
    self.init(
      library: library, family: plan.family, tensors: plan.tensors.map { ($0.name, $0.shape) },
      configuration: plan.configuration)
  }
}

extension RemapPlan {
  func tensor(_ name: String) -> PlannedTensor? { tensors.first { $0.name.string == name } }

  /// What became of a source tensor, in a few words.
  func fate(_ name: String, source: Int = 0) -> String? {
    let entry = ledger.first { $0.source == source && $0.tensor.name.string == name }
    return entry.map { entry in
      switch entry.fate {
      case .used(let names): "used " + names.map(\.string).joined(separator: " ")
      case .tied(let target, let primary, let mustEqual):
        "tied \(target) \(primary) \(mustEqual)"
      case .dropped(_, let kept): "dropped" + (kept.map { " \($0)" } ?? "")
      case .notTaken(let component): "not taken: \(component)"
      }
    }
  }
}

/// The error that the body throws, or nil.
func failure(_ body: () throws -> some Any) -> WeightsError? {
  do {
    _ = try body()
    return nil
  } catch { return error as? WeightsError }
}
