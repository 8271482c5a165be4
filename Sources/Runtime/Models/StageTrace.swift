public import DVLADiagnostics
public import DVLATensors

/// One intermediate result of a forward pass, under the name that goldens use for it.
public struct Stage: Sendable {
  /// Such as `siglip.layer.3`, `fused.0` or `logits`.
  public let name: String
  public let value: Tensor
  /// For a value [B, S, ...] over tokens of which some are padding: which of the B S rows carry
  /// meaning. Nil where all do.
  public let validRows: [Bool]?

  public init(name: String, value: Tensor, validRows: [Bool]? = nil) {
    self.name = name
    self.value = value
    self.validRows = validRows
  }
}

/// The observer of a forward pass. Models report every stage to it; parity checks compare the
/// stages, and recording keeps them.
public struct StageTrace {
  public typealias Observer = (Stage) throws(WeightsError) -> Void

  private let observer: Observer?
  private let prefix: String
  private let wanted: (String) -> Bool

  /// A trace without an observer.
  public static var none: StageTrace {
    StageTrace(observer: nil, prefix: "", wanted: { _ in false })
  }

  /// - Parameters:
  ///   - wanted: which stages the observer wants to see, all by default; a model may skip work
  ///     that only other stages need.
  ///   - observer: called with each of them, in the order they are computed.
  public init(
    wanted: @escaping (String) -> Bool = { _ in true }, observer: @escaping Observer
  ) {
    self.init(observer: observer, prefix: "", wanted: wanted)
  }

  private init(observer: Observer?, prefix: String, wanted: @escaping (String) -> Bool) {
    self.observer = observer
    self.prefix = prefix
    self.wanted = wanted
  }

  /// The same trace for a part of the model, whose stages are named `part.stage`.
  public func within(_ part: String) -> StageTrace {
    StageTrace(observer: observer, prefix: prefix + part + ".", wanted: wanted)
  }

  /// Whether there is an observer.
  var isObserved: Bool { observer != nil }

  /// Whether the observer wants to see that stage.
  public func wants(_ name: String) -> Bool { observer != nil && wanted(prefix + name) }

  /// Shows a stage to the observer, if it wants it.
  ///
  /// - Throws: what the observer throws.
  public func record(
    _ name: @autoclosure () -> String, _ value: Tensor, validRows: [Bool]? = nil
  ) throws(WeightsError) {
    guard let observer else { return }
    let full = prefix + name()
    guard wanted(full) else { return }
    try observer(Stage(name: full, value: value, validRows: validRows))
  }
}

extension StageTrace {
  /// Shows an image [B, h, w, C] in upstream's layout, [B, C, h, w].
  func recordImage(_ name: String, _ image: Tensor) throws(WeightsError) {
    guard wants(name) else { return }
    let (batch, height, width, channels) = (
      image.shape[0], image.shape[1], image.shape[2], image.shape[3]
    )
    let perSample = height * width * channels
    var values: [Float] = []
    values.reserveCapacity(image.values.count)
    for sample in 0..<batch {
      let pixels = Tensor(
        Array(image.values[sample * perSample..<(sample + 1) * perSample]),
        shape: [height * width, channels])
      values += pixels.transposed().values
    }
    try record(name, Tensor(values, shape: [batch, channels, height, width]))
  }
}
