public import DVLAQuantization
public import DVLATensors

/// One precision that a group of tensors may be stored in.
public struct SearchOption: Sendable, Hashable {
  public let precision: TensorPrecision
  /// Bytes of the group's tensors and their scales in the bundle.
  public let byteCount: Int
  /// sum m_j (w_ij - v_ij)^2 over the elements of the group's matrices, w before and v after, m_j
  /// the mean square of input j; up to a factor that is the same for all options of the group.
  public let error: Double

  public init(_ precision: TensorPrecision, byteCount: Int, error: Double) {
    self.precision = precision
    self.byteCount = byteCount
    self.error = error
  }
}

/// Tensors that are stored in one precision, since a runtime reads them together.
public struct SearchGroup: Sendable {
  /// Such as `vlm.layers.3.self_attn.qkv`.
  public let name: String
  /// Groups that do the same in neighbouring layers have the same kind, such as `vlm.qkv`.
  public let kind: String
  public let tensors: [TensorName]
  /// The smallest first; of several as small as that, the most precise. At least one.
  public let options: [SearchOption]

  public init(name: String, kind: String, tensors: [TensorName], options: [SearchOption]) {
    precondition(!options.isEmpty, "a precision to choose")
    self.name = name
    self.kind = kind
    self.tensors = tensors
    self.options = options.enumerated().sorted { a, b in
      (a.element.byteCount, a.element.error, a.offset)
        < (b.element.byteCount, b.element.error, b.offset)
    }.map(\.element)
  }

  /// The index of the option with the least error.
  var mostPrecise: Int {
    options.indices.min { (options[$0].error, $0) < (options[$1].error, $1) } ?? 0
  }
}

/// The index of an option for each group.
public typealias SearchChoice = [Int]

extension [SearchGroup] {
  /// The smallest precision of each group.
  public var smallest: SearchChoice { map { _ in 0 } }

  /// The most precise one of each group.
  public var mostPrecise: SearchChoice { map(\.mostPrecise) }

  public func byteCount(of choice: SearchChoice) -> Int {
    zip(self, choice).reduce(0) { $0 + $1.0.options[$1.1].byteCount }
  }
}
