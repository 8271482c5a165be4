import DVLADiagnostics
import DVLAFiles
import DVLAModels
import DVLATensors

/// Stages and depth maps of the reference, in a temporary file, for the candidate to be compared
/// with: both models would not fit into memory together.
final class DriftSpool {
  private let file: AtomicOutputFile
  private var reader: InputFile?
  private var end = 0
  private var places: [String: Place] = [:]
  /// The names of stages in the order of the forward.
  private(set) var stages: [String] = []
  private var known: Set<String> = []
  /// How many stages each observation has.
  private var stageCounts: [Int: Int] = [:]

  private struct Place {
    let start: Int
    let shape: Shape
    /// Elements that were kept.
    let count: Int
  }

  /// - Parameter folder: where the file goes; nothing is left of it.
  /// - Throws: `file.*`.
  init(in folder: String) throws(WeightsError) {
    file = try AtomicOutputFile(path: folder + "/depthvla-gate.spool", overwrite: true)
  }

  deinit { file.discard() }

  /// Keeps a stage of one observation.
  ///
  /// - Throws: `gate.not-finite`; what writing throws.
  func keep(_ stage: Stage, of observation: Int) throws(WeightsError) {
    if known.insert(stage.name).inserted { stages.append(stage.name) }
    stageCounts[observation, default: 0] += 1
    try keep(
      Self.meaningful(stage), stage.value.shape, as: "\(observation) \(stage.name)",
      name: stage.name)
  }

  /// Keeps a tensor under a name of its own.
  func keep(_ tensor: Tensor, as name: String) throws(WeightsError) {
    try keep(tensor.values, tensor.shape, as: name, name: name)
  }

  private func keep(
    _ values: [Float], _ shape: Shape, as key: String, name: String
  ) throws(WeightsError) {
    guard values.allSatisfy(\.isFinite) else {
      throw WeightsError(
        .gateNotFinite, "the reference computes a NaN or an infinity in the stage \(name)")
    }
    // Every byte of a float is initialised.
    try file.write(unsafe values.span.bytes, at: end)
    places[key] = Place(start: end, shape: shape, count: values.count)
    end += values.count * 4
  }

  /// How many stages the reference showed for that observation.
  func stageCount(of observation: Int) -> Int { stageCounts[observation] ?? 0 }

  /// The stage as the reference computed it for that observation, beside the candidate's.
  ///
  /// - Throws: `gate.stage` where the reference did not show it, or in another shape; what reading
  ///   throws.
  func pair(
    _ stage: Stage, of observation: Int
  ) throws(WeightsError) -> (reference: [Float], candidate: [Float]) {
    guard let place = places["\(observation) \(stage.name)"] else {
      throw WeightsError(
        .gateStage, "the candidate computes the stage \(stage.name), the reference does not")
    }
    let candidate = Self.meaningful(stage)
    guard place.shape == stage.value.shape, place.count == candidate.count else {
      throw WeightsError(
        .gateStage,
        "the stage \(stage.name) is \(stage.value.shape) in the candidate and \(place.shape) in the "
          + "reference: the models are of different sizes, or see other cameras or texts")
    }
    return (try values(place), candidate)
  }

  /// A tensor that was kept under a name of its own.
  func tensor(_ name: String) throws(WeightsError) -> Tensor? {
    guard let place = places[name] else { return nil }
    return Tensor(try values(place), shape: place.shape)
  }

  private func values(_ place: Place) throws(WeightsError) -> [Float] {
    let open = if let reader { reader } else { try InputFile(path: file.temporaryPath) }
    reader = open
    let bytes = try open.bytes(at: place.start, count: place.count * 4)
    return bytes.withReadOnlyBytes(bytes.count) { bytes in
      (0..<place.count).map { index in
        // In bounds by the count; any bits are a float.
        Float(bitPattern: unsafe bytes.unsafeLoad(fromByteOffset: index * 4, as: UInt32.self))
      }
    }
  }

  /// The elements of the rows that carry meaning.
  private static func meaningful(_ stage: Stage) -> [Float] {
    guard let rows = stage.validRows, rows.contains(false) else { return stage.value.values }
    let width = stage.value.values.count / rows.count
    return rows.indices.filter { rows[$0] }.flatMap {
      stage.value.values[$0 * width..<($0 + 1) * width]
    }
  }
}

extension WeightsError.Code {
  /// A model computes a NaN or an infinity.
  public static let gateNotFinite = Self("gate.not-finite")
  /// A stage has other extents in the candidate than in the reference.
  public static let gateStage = Self("gate.stage")
}
