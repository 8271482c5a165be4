import DVLABundles
import DVLADiagnostics
import DVLAJSON
import DVLAModels
import DVLAParity
import DVLARemapping
import DVLATensorMath
import DVLATensors
import DVLATestSupport
import DepthVLAWeights
import Testing

/// A golden of `Fixtures/goldens`, and the model it was recorded from.
struct GoldenCase: CustomStringConvertible, Sendable {
  let golden: String
  let checkpoint: FixtureCheckpoint
  var description: String { golden }

  init(_ golden: String, of checkpoint: String) {
    self.golden = golden
    self.checkpoint = FixtureCheckpoint(checkpoint)
  }

  func file() throws -> GoldenFile { try GoldenFile("goldens/\(golden).safetensors") }

  /// The model, as the golden says it was recorded.
  func model(threads: Int = 2) throws -> any Model {
    let library = try ManifestLibrary.embedded()
    let source = try RemappedCheckpoint(
      try ImportedSource(path: checkpoint.path, library: library), library: library,
      given: Configuration(settings: try checkpoint.jsonSettings))
    let model = try ModelFactory.load(
      family: source.plan.family, configuration: source.plan.configuration.json, source: source,
      products: ProductChoice(.exact), on: Compute(threads: threads))
    return try model.ablated(RequestedAblation().settled(by: try Golden(named: golden)))
  }
}

/// How far a stage is from the recorded one, relative to the largest recorded magnitude.
struct StageError {
  let name: String
  let ours: Double
  /// PyTorch's own float32 run against its float64 run.
  let upstream: Double
}

extension GoldenFile {
  func inputs() throws -> ModelInputs {
    var inputs = ModelInputs()
    for name in names where name.hasPrefix("in.") {
      let short = String(name.dropFirst(3))
      if try shape(name).isEmpty {
        inputs.numbers[short] = Double(try tensor(name).values[0])
      } else if let floats = try? tensor(name) {
        inputs.floats[short] = floats
      } else {
        inputs.integers[short] = IntegerTensor(
          try integers(name), shape: Shape(try shape(name)))
      }
    }
    return inputs
  }
}

extension GoldenCase {
  /// The error of every stage, in the order of the forward pass.
  ///
  /// - Parameter isWanted: which stages; by default all that are recorded.
  func stageErrors(
    _ isWanted: @escaping (GoldenFile, String) -> Bool = { $0.contains("f64." + $1) }
  ) throws -> [StageError] {
    let file = try file()
    var errors: [StageError] = []
    var failure: (any Error)?
    try model().run(
      try file.inputs(),
      trace: StageTrace(wanted: { isWanted(file, $0) }) { stage throws(WeightsError) in
        do { errors.append(try file.error(of: stage)) } catch { failure = failure ?? error }
      })
    if let failure { throw failure }
    return errors
  }
}

extension GoldenFile {
  fileprivate func error(of stage: Stage) throws -> StageError {
    let exact = try doubles("f64." + stage.name)
    let upstream = try tensor("f32." + stage.name)
    #expect(stage.value.shape == upstream.shape, "\(stage.name)")
    let rowLength = exact.count / (stage.validRows?.count ?? exact.count)
    var (largest, ours, theirs) = (0.0, 0.0, 0.0)
    for (index, value) in exact.enumerated() where stage.validRows?[index / rowLength] ?? true {
      largest = max(largest, value.magnitude)
      ours = max(ours, (Double(stage.value.values[index]) - value).magnitude)
      theirs = max(theirs, (Double(upstream.values[index]) - value).magnitude)
    }
    return StageError(name: stage.name, ours: ours / largest, upstream: theirs / largest)
  }
}

extension FixtureCheckpoint {
  var jsonSettings: [(key: String, value: JSONValue)] {
    get throws { try settings.map { ($0.key, try StrictJSON.parse($0.value)) } }
  }
}
